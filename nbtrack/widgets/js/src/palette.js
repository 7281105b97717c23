// The colours of curves, those of nbtrack/widgets/pages/plot.py: each stands out from white and from near-black.
export const PALETTE = ["#3b82f6", "#e0761a", "#2b9c6b", "#d6569b", "#9d7a2f", "#1797a8", "#a06cf0", "#e5534b", "#6d8a2b", "#7f8894"];

/** @param {number} i */
export const colorOf = (i) => PALETTE[i % PALETTE.length];
