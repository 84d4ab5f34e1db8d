// Questions to our own server. Every failure is an ApiProblem with a sentence for the reader.

import { name } from "./i18n.js";

export class ApiProblem extends Error {
  /** @param {number} status 0 when the server could not be reached @param {string} detail */
  constructor(status, detail) {
    super(detail);
    this.status = status;
    this.detail = detail;
  }
}

/**
 * @param {string} path
 * @param {RequestInit} [init]
 * @returns {Promise<any>} the JSON body, null when there is none
 */
export async function ask(path, init) {
  let response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    throw new ApiProblem(0, String(error));
  }
  if (!response.ok) throw await problemOf(response);
  return response.status === 204 ? null : response.json();
}

/** @param {string} path @param {unknown} body @param {Record<string, string>} [headers] */
export function tell(path, body, headers) {
  return ask(path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

/** @param {Response} response */
async function problemOf(response) {
  try {
    const problem = await response.json();
    const faults = (problem.errors ?? []).map(
      (/** @type {{field: string, problem: string}} */ f) => `${f.field} ${f.problem}`,
    );
    return new ApiProblem(response.status, name(problem.details, [problem.detail, ...faults].join("; ")));
  } catch {
    return new ApiProblem(response.status, response.statusText);
  }
}
