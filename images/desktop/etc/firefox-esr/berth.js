// SPDX-License-Identifier: Apache-2.0
// A desktop lives for hours: no welcome tour, no questions, nothing sent home, no update of a packaged browser.
pref("browser.aboutwelcome.enabled", false);
pref("browser.shell.checkDefaultBrowser", false);
pref("browser.startup.homepage_override.mstone", "ignore");
pref("browser.startup.page", 1);
pref("browser.newtabpage.activity-stream.feeds.section.topstories", false);
pref("browser.newtabpage.activity-stream.showSponsored", false);
pref("browser.newtabpage.activity-stream.showSponsoredTopSites", false);
pref("datareporting.policy.dataSubmissionEnabled", false);
pref("datareporting.healthreport.uploadEnabled", false);
pref("termsofuse.bypassNotification", true);
pref("browser.preonboarding.enabled", false);
pref("toolkit.telemetry.reportingpolicy.firstRun", false);
pref("app.normandy.enabled", false);
pref("app.shield.optoutstudies.enabled", false);
