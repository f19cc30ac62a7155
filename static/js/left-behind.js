// On a page without trials: what still waits in this browser is sent, or offered as a file where nothing is taken any more.

import { AnswerQueue } from "./queue.js";
import { offer } from "./unsent.js";

const { queue: name, url } = document.querySelector("#unsent").dataset;
const queue = new AnswerQueue({ name, url, csrf: "", onReply() {}, onState: () => offer(queue) });
if (!url) queue.stopped = true;
if (queue.waiting.length) queue.send();
offer(queue);
