// Speaks to the API. The session is a cookie no script can read; every failure is a problem document.

export class Problem extends Error {
  constructor(status, document) {
    super([document.detail, document.next_step].filter(Boolean).join(" — ") || `status ${status}`);
    this.status = status;
  }
}

async function checked(response) {
  if (response.ok) return response;
  let document = {};
  try {
    document = await response.json();
  } catch {
    // an answer without a body: the status is all there is
  }
  if (response.status === 401) dispatchEvent(new Event("logged-out"));
  throw new Problem(response.status, document);
}

export async function get(path) {
  return (await checked(await fetch(path, { headers: { Accept: "application/json" } }))).json();
}

export async function send(method, path, body) {
  const options = { method, headers: { Accept: "application/json" } };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const response = await checked(await fetch(path, options));
  return response.status === 204 ? null : response.json();
}

/** Every item of a list, page after page, up to `most`. */
export async function all(path, most = 5000) {
  const items = [];
  let cursor = null;
  do {
    const joint = path.includes("?") ? "&" : "?";
    const page = await get(`${path}${joint}limit=1000${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor && items.length < most);
  return items;
}

/** Uploads a file and tells how far it is (0 to 1). XMLHttpRequest, because fetch tells nothing about uploads. */
export function upload(file, told) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/v1/streams");
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && told(event.loaded / event.total);
    request.onload = () => {
      if (request.status < 300) resolve(request.response);
      else reject(new Problem(request.status, request.response || {}));
    };
    request.onerror = () => reject(new Error("the server did not answer"));
    const form = new FormData();
    form.append("file", file, file.name);
    request.send(form);
  });
}

/** Posts a question and reads the events of its answer as they come. */
export async function events(path, body, told) {
  const response = await checked(
    await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
      body: JSON.stringify(body),
    }),
  );
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let kept = "";
  for (;;) {
    const { done, value } = await reader.read();
    kept += value || "";
    const blocks = kept.split("\n\n");
    kept = blocks.pop();
    for (const block of blocks) {
      const name = /^event: (.*)$/m.exec(block);
      const data = /^data: (.*)$/m.exec(block);
      if (name && data) told(name[1], JSON.parse(data[1]));
    }
    if (done) return;
  }
}
