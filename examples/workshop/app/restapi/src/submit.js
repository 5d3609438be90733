"use strict";

const required = ["name", "email"];

exports.check = (submission) => required.filter((field) => !submission[field]);

exports.handler = async (event) => {
  const missing = exports.check(JSON.parse(event.body || "{}"));
  if (missing.length > 0) {
    return { statusCode: 400, body: JSON.stringify({ missing }) };
  }
  return { statusCode: 202, body: JSON.stringify({ table: process.env.SUBMISSIONS_TABLE }) };
};
