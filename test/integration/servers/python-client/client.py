"""Uses the API's own Python client (infino-sdk on PyPI) against a service, the way its documentation uses it.

Environment: INFINO_ENDPOINT, INFINO_ACCESS_KEY, INFINO_SECRET_KEY, FOLDER (for files), SEARCH_URL and SEARCH_API_KEY (a
search server with an index `people`), SNOWFLAKE_ACCOUNT and SNOWFLAKE_PAT (with a table PEOPLE in the database DB).
What is not set is left out. Prints one line of JSON for each step: {"step": NAME, "result": ...}.
"""

import json
import os
import time

from infino_sdk import InfinoError, InfinoSDK


def say(step, result):
    print(json.dumps({"step": step, "result": result}), flush=True)


def failure(call):
    try:
        call()
    except InfinoError as error:
        return {"status": error.status_code(), "message": str(error)}
    return {"status": None}


def datasets(sdk):
    name = "upload_json_demo"
    sdk.create_dataset(name)
    say("create again", sdk.create_dataset(name))
    lines = []
    for number in range(20):
        lines.append(json.dumps({"index": {"_id": str(number)}}))
        lines.append(
            json.dumps(
                {
                    "id": number,
                    "name": f"Product {number}",
                    "category": ["electronics", "home"][number % 2],
                    "price": 10 + number * 2.5,
                    "in_stock": number % 3 != 0,
                    "tags": [f"tag{number % 5}"],
                    "created_at": f"2024-01-{number + 1:02d}T10:00:00Z",
                }
            )
        )
    say("bulk", sdk.upload_json_to_dataset(name, "\n".join(lines)).get("errors"))
    say("metadata", sdk.get_dataset_metadata(name))
    say("datasets", [one["index"] for one in sdk.get_datasets()])
    say("schema", {field: type(info).__name__ for field, info in sdk.get_dataset_schema(name).items()})
    say("record", sdk.get_record(name, "7"))
    everything = sdk.query_dataset_in_querydsl(name, json.dumps({"query": {"match_all": {}}, "size": 3}))
    say("match_all", {"total": everything["hits"]["total"]["value"], "hits": len(everything["hits"]["hits"])})
    cheap = {
        "query": {
            "bool": {
                "must": [{"term": {"in_stock": True}}],
                "filter": [{"range": {"price": {"lte": 30}}}],
                "must_not": [{"term": {"category": "home"}}],
            }
        }
    }
    say("bool", [hit["_source"]["id"] for hit in sdk.query_dataset_in_querydsl(name, json.dumps(cheap))["hits"]["hits"]])
    grouped = {"size": 0, "aggs": {"categories": {"terms": {"field": "category"}}}}
    buckets = sdk.query_dataset_in_querydsl(name, json.dumps(grouped))["aggregations"]["categories"]["buckets"]
    say("terms", {bucket["key"]: bucket["doc_count"] for bucket in buckets})
    say("sql", sdk.query_dataset_in_sql(f"SELECT category, count(*) AS n FROM {name} GROUP BY category ORDER BY category"))
    sdk.upsert_to_dataset(f"UPSERT INTO {name} (_id, name, price) VALUES ('7', 'Renamed', 99)")
    say("upserted", sdk.get_record(name, "7")["_source"]["name"])
    say("deleted", sdk.delete_records(name, json.dumps({"query": {"term": {"category": "home"}}})))
    say("missing record", failure(lambda: sdk.get_record("nonexistent_dataset", "missing_record")))
    say("no json", failure(lambda: sdk.query_dataset_in_querydsl(name, "this is not valid JSON")))
    say("drop", sdk.delete_dataset(name))


def uploads(sdk):
    folder = os.environ["FOLDER"]
    path = os.path.join(folder, "people.csv")
    with open(path, "w", encoding="utf-8") as file:
        file.write("id,name,age\n" + "".join(f"{number},Person {number},{number % 90}\n" for number in range(1000)))
    done = sdk.upload_file("people_csv", path, format="csv", batch_size=500)
    say("upload", {"status": done["status"], "processed": done["stats"]["documents_processed"], "errors": done["errors"]})
    submitted = sdk.upload_file("people_csv", path, format="auto", async_mode=True)
    deadline = time.time() + 30
    while True:
        status = sdk.get_connector_job_status(submitted["run_id"])
        if status["status"] in ("completed", "failed") or time.time() > deadline:
            break
        time.sleep(0.1)
    say("async upload", {"first": submitted["status"], "last": status["status"], "stats": status["stats"]["documents_processed"]})
    say("count", sdk.query_dataset_in_sql("SELECT count(*) AS n FROM people_csv")["rows"])


def finished(sdk, job):
    deadline = time.time() + 60
    while True:
        status = next(one["status"] for one in sdk.get_import_jobs() if one["job_id"] == job)
        if status in ("completed", "failed") or time.time() > deadline:
            return status
        time.sleep(0.1)


def connection(sdk, source_type, config):
    made = sdk.create_connection(source_type, {"config": config})["connection_id"]
    deadline = time.time() + 20
    while sdk.get_connection(made)["status"] != "connected" and time.time() < deadline:
        time.sleep(0.1)
    return made


def search_source(sdk):
    config = {
        "name": "Demo ES Cluster",
        "host": os.environ["SEARCH_URL"],
        "api_key": os.environ["SEARCH_API_KEY"],
        "ssl_verify": True,
    }
    made = connection(sdk, "elasticsearch", config)
    say("search connection", sdk.get_connection(made)["status"])
    say("update", sdk.update_connection(made, {"config": {"name": "Renamed"}})["config"]["name"])
    say("search metadata", sorted(sdk.get_source_metadata(made, "people")))
    found = sdk.query_source(made, "people", json.dumps({"query": {"match_all": {}}, "size": 2}))
    say("search query", len(found["hits"]["hits"]))
    job = sdk.create_import_job(
        "elasticsearch",
        {
            "source_id": made,
            "source_dataset": "people",
            "target_dataset": "imported_data",
            "query": json.dumps({"query": {"match_all": {}}, "size": 1000}),
            "schedule": "0 0 * * *",
        },
    )["job_id"]
    say("search import", finished(sdk, job))
    say("search imported", sdk.query_dataset_in_sql("SELECT count(*) AS n FROM imported_data")["rows"])
    say("delete job", sdk.delete_import_job(job))
    say("delete connection", sdk.delete_connection(made))


def sql_source(sdk):
    config = {
        "name": "Demo Snowflake Warehouse",
        "account": os.environ["SNOWFLAKE_ACCOUNT"],
        "warehouse": "COMPUTE_WH",
        "database": "DB",
        "schema": "PUBLIC",
        "pat_token": os.environ["SNOWFLAKE_PAT"],
    }
    made = connection(sdk, "snowflake", config)
    say("sql connection", sdk.get_connection(made)["status"])
    # The client's documentation names the database where the API asks for a dataset.
    say("sql metadata of the database", sorted(sdk.get_source_metadata(made, "DB")))
    say("sql metadata", [column["name"] for column in sdk.get_source_metadata(made, "PEOPLE")["columns"]])
    say("sql smoke", sdk.query_source(made, "DB", "SELECT 1 AS n"))
    rows = sdk.query_source(made, "DB", "SELECT * FROM PEOPLE LIMIT 10")
    say("sql query", {"columns": [column["display_name"] for column in rows["columns"]], "rows": len(rows["rows"])})
    job = sdk.create_import_job(
        "snowflake",
        {"source_id": made, "target_dataset": "imported_data_sql", "query": "SELECT * FROM PEOPLE LIMIT 1000"},
    )["job_id"]
    say("sql import", finished(sdk, job))
    say("sql imported", sdk.query_dataset_in_sql("SELECT count(*) AS n FROM imported_data_sql")["rows"])
    say("delete sql connection", sdk.delete_connection(made))


def main():
    sdk = InfinoSDK(
        os.environ["INFINO_ACCESS_KEY"], os.environ["INFINO_SECRET_KEY"], os.environ["INFINO_ENDPOINT"]
    )
    say("ping", sdk.ping().get("status"))
    say("sources", sorted(source["id"] for source in sdk.get_sources()))
    datasets(sdk)
    uploads(sdk)
    if "SEARCH_URL" in os.environ:
        search_source(sdk)
    if "SNOWFLAKE_ACCOUNT" in os.environ:
        sql_source(sdk)
    say("connections left", sdk.get_connections())
    sdk.close()


main()
