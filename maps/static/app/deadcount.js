// How many reports are dead, for those who can do something about it.

import { ApiProblem, ask } from "./api.js";

const AGAIN_MS = 15_000;
const ROLES = ["operator", "administrator", "auditor"];

/** Whether somebody may see the list of the dead. @param {import("./store.js").Person | null} person */
export const mayList = (person) => ROLES.some((role) => person?.roles.includes(role));

/** Tell the count now and again and again. @param {(count: number) => void} tell */
export async function countDead(tell) {
  try {
    const { dead } = await ask("/api/dead");
    tell(dead.length);
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
  }
  setTimeout(() => void countDead(tell), AGAIN_MS);
}
