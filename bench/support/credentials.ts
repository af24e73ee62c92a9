export const credentials = { INFINO_ACCESS_KEY: "IAK_BENCH", INFINO_SECRET_KEY: "secret-key-of-the-benchmarks" };
