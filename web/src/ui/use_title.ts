// SPDX-License-Identifier: Apache-2.0
import { useEffect } from "preact/hooks";

/** Sets the tab's title while the page is shown. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === "" ? "Berth" : `${title} · Berth`;
  }, [title]);
}
