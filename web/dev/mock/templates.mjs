// SPDX-License-Identifier: Apache-2.0
// The catalogue of the mock. A template's `script` says how its sessions behave.

const lease = { initial_s: 7200, extension_s: 1800, max_extensions: 4, max_total_s: 14400, idle_s: 0, disconnected_s: 1800, grace_s: 60 };
const rfb = [{ name: "desktop", protocol: "rfb" }];
const web = [{ name: "app", protocol: "web" }];
const resolutions = ["1280x720", "1920x1080", "2560x1440"];

function template(name, title, description, icon, more = {}) {
  return {
    name,
    title,
    description,
    icon,
    tags: [],
    endpoints: rfb,
    resolutions,
    lease,
    availability: { state: "available" },
    typical_start_ms: 2600,
    ...more,
  };
}

export const templates = [
  template("desktop", "Debian desktop", "A light desktop with a browser, a terminal and a file manager.", "monitor", { tags: ["internet"] }),
  template("kali", "Kali workbench", "Tools for security exercises, in a network of its own.", "shield", { tags: ["ctf", "isolated"] }),
  template("notebook", "Notebook", "Python and Jupyter, opened in a tab of its own.", "flask-conical", { endpoints: web, resolutions: [], tags: ["python"] }),
  template("slow", "Data lab", "R, Python and a lot of data. The image is large.", "database", { typical_start_ms: 1500, script: "slow", tags: ["large"] }),
  template("queued", "GPU desktop", "One of four shared graphics cards.", "cpu", { script: "queued", tags: ["gpu"] }),
  template("fails", "Broken desktop", "Its container ends while it starts.", "box", { script: "fails" }),
  template("gone", "Retired desktop", "Its image was removed.", "book-open", {
    availability: { state: "unavailable", code: "image_missing", reason: "The image berth/retired:1 is not on any host." },
  }),
  template("full", "Exam desktop", "Only a few places.", "graduation-cap", {
    availability: { state: "unavailable", code: "no_capacity", reason: "Every host is full." },
  }),
];

/** Without what only the mock needs. */
export function publicTemplate({ script, ...rest }) {
  return rest;
}
