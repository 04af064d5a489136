// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren, JSX } from "preact";
import { Icon } from "./icon";
import type { IconName } from "./icon_names";

type Kind = "primary" | "plain" | "quiet" | "danger";

export interface ButtonProps {
  kind?: Kind;
  icon?: IconName | undefined;
  /** Shows progress in place of the icon, or of the word where there is none; keeps the width and ignores further clicks. */
  busy?: boolean;
  testid?: string;
  small?: boolean;
  children?: ComponentChildren;
}

type Native = Omit<JSX.IntrinsicElements["button"], "icon" | "size">;

export function Button({ kind = "plain", icon, busy = false, testid, small, children, ...rest }: ButtonProps & Native) {
  const { onClick, class: extra, ...attributes } = rest;
  return (
    <button
      type="button"
      {...attributes}
      class={`btn btn-${kind}${small ? " btn-small" : ""}${extra ? ` ${String(extra)}` : ""}`}
      data-testid={testid}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={busy ? (e) => e.preventDefault() : onClick}
    >
      {busy ? <span class={icon ? "spinner" : "spinner spinner-over"} aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children !== undefined && <span class="btn-label">{children}</span>}
    </button>
  );
}

/** A button of which only the icon shows; `label` is its name and its hint. */
export function IconButton({ label, icon, ...rest }: { label: string; icon: IconName } & ButtonProps & Native) {
  return <Button kind="quiet" {...rest} icon={icon} aria-label={label} title={label} class={`btn-icon ${rest.class ?? ""}`} />;
}
