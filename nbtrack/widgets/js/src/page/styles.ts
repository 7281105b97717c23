// The style sheets of all views.
import cards from "../chart/cards.css";
import { addStyle } from "../ui/dom";
import theme from "../ui/theme.css";

export function addStyles(): void {
  addStyle(theme);
  addStyle(cards);
}
