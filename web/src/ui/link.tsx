// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren, JSX } from "preact";
import { navigate } from "../router";

type Props = Omit<JSX.IntrinsicElements["a"], "href" | "role"> & { href: string; testid?: string; children?: ComponentChildren };

/** A link inside these pages; modified clicks keep the browser's own meaning. */
export function Link({ href, testid, children, ...rest }: Props) {
  const onClick = (e: MouseEvent): void => {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    e.preventDefault();
    navigate(href);
  };
  return (
    <a {...rest} href={href} data-testid={testid} onClick={onClick}>
      {children}
    </a>
  );
}
