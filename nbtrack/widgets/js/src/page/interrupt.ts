// The last way to stop a cell: the interrupt of Jupyter's server.

/** Interrupts a kernel, where this page is of a Jupyter server; returns whether that was done. */
export async function interrupt(kernel: string | undefined): Promise<boolean> {
  const config = document.getElementById("jupyter-config-data");
  if (!kernel || !config) return false;
  const base = JSON.parse(config.textContent ?? "{}").baseUrl ?? "/";
  const token = /(?:^|; )_xsrf=([^;]+)/.exec(document.cookie)?.[1] ?? "";
  const url = `${base}api/kernels/${encodeURIComponent(kernel)}/interrupt`;
  const answer = await fetch(url, { method: "POST", headers: { "X-XSRFToken": token } });
  return answer.ok;
}
