// The last way to stop a cell: the server's own interrupt, where there is a server of Jupyter's.

/** @param {string | undefined} kernel the kernel's id */
export async function interrupt(kernel) {
  const config = document.getElementById("jupyter-config-data");
  if (!kernel || !config) return false;
  const base = JSON.parse(config.textContent ?? "{}").baseUrl ?? "/";
  const token = /(?:^|; )_xsrf=([^;]+)/.exec(document.cookie)?.[1] ?? "";
  const answer = await fetch(`${base}api/kernels/${encodeURIComponent(kernel)}/interrupt`, { method: "POST", headers: { "X-XSRFToken": token } });
  return answer.ok;
}
