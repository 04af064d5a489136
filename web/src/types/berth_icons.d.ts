// SPDX-License-Identifier: Apache-2.0
declare module "berth:icons" {
  /** Child elements of an icon: [tag, attributes]. Made at build time from lucide. */
  export const icons: Record<string, [string, Record<string, string>][]>;
}
declare module "*.css";
