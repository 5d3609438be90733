"use strict";

exports.handler = async () => {
  const answer = await fetch(process.env.url, { headers: { "x-api-key": process.env.api_key } });
  return answer.status;
};
