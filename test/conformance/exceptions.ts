/** Properties of the description's schemas that an answer may lack, each with the reason. */
export const exceptions: Readonly<Record<string, string>> = {
  "ImportJob.schedule": "a job without a schedule has none",
  "ImportJob.last_run": "absent until the first run has begun",
  "QueryDSLResponse.aggregations": "only where aggregations were asked for",
};

/** Statuses that the description promises and the service never gives, each with the reason. */
export const statusExceptions: Readonly<Record<string, string>> = {
  "PUT /{dataset} 409": "a dataset that is there is a plain success, which the description allows",
};
