// The page of the desk. All that comes from a customer is set as text, never as markup.
const token = new URLSearchParams(location.search).get("token");
const find = (id) => document.getElementById(id);
let customer = null;

function element(tag, text, ...children) {
  const made = document.createElement(tag);
  made.textContent = text;
  made.append(...children);
  return made;
}

async function call(method, address, sent) {
  const headers = customer ? { "X-Customer": customer } : { "X-Token": token };
  const body = sent === undefined ? undefined : JSON.stringify(sent);
  const response = await fetch(address, { method, headers, body });
  const got = await response.json().catch(() => ({ error: "the desk gave no answer" }));
  if (!response.ok) throw new Error(got.error);
  return got;
}

async function trying(step) {
  find("problem").textContent = "";
  try {
    await step();
  } catch (error) {
    find("problem").textContent = error.message;
  }
}

function showAnswer(answer) {
  const lines = [];
  if (answer.intent === null) {
    lines.push(element("p", "None of the intents fits. The nearest sentences that it knows:"));
  } else {
    const name = element("p", answer.intent);
    name.className = "intent";
    lines.push(name, element("p", answer.reply || "(no reply was taught)"));
  }
  const near = answer.similar.map(([text, cosine]) => element("li", `${text} (${cosine.toFixed(2)})`));
  lines.push(element("ul", "", ...near));
  find("answer").replaceChildren(...lines);
}

function showIntents(known) {
  const rows = known.intents.map(({ intent, sentences, reply }) => {
    const forget = element("button", "Forget");
    forget.setAttribute("aria-label", `Forget ${intent}`);
    forget.onclick = () =>
      trying(async () =>
        showIntents(await call("DELETE", `intents?intent=${encodeURIComponent(intent)}`)),
      );
    return element("li", `${intent}: ${sentences.join(" · ")}${reply ? ` → ${reply}` : ""}`, forget);
  });
  find("intents").replaceChildren(...rows);
  const slots = Object.keys(known.slots).map((name) => `{${name}}`);
  find("slots").textContent = slots.length ? `(slots: ${slots.join(", ")})` : "";
}

find("ask").onsubmit = (event) => {
  event.preventDefault();
  trying(async () => showAnswer(await call("POST", "ask", { sentence: find("sentence").value })));
};

find("teach").onsubmit = (event) => {
  event.preventDefault();
  trying(async () => {
    const sentences = find("sentences").value.split("\n").filter((line) => line.trim());
    const sent = { intent: find("intent").value, sentences, reply: find("reply").value };
    showIntents(await call("POST", "intents", sent));
    find("teach").reset();
  });
};

trying(async () => {
  customer = (await call("POST", "customers")).customer;
  showIntents(await call("GET", "intents"));
});
