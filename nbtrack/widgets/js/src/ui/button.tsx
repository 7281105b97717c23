// A button that does one thing when it is pressed.
import type { ButtonHTMLAttributes } from "preact";

// Without a type it would submit a form that an output happens to be in.
export const Button = (props: ButtonHTMLAttributes) => <button {...props} type="button" />;
