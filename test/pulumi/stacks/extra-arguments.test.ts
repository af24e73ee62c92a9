import { describe, expect, it } from "vitest";
import { checkExtra } from "../../../src/pulumi/stacks/extra-arguments.ts";

const refusals = (...words: string[]) =>
  expect(() => checkExtra(words)).toThrowError(expect.objectContaining({ code: "usage" }));

describe("what is handed on to pulumi", () => {
  it.each([
    ["--refresh", "--diff"],
    ["--remove"],
    ["-yf"],
    ["-p8"],
    ["-p=8"],
    ["-yp", "8"],
    ["--parallel", "8", "-y"],
    ["-m", "a message of several words"],
    ["-mstack"],
    ["--message=-s"],
    ["--target", "urn:pulumi:t001::atk::pulumi:pulumi:Stack::a", "--target-dependents"],
    ["-c", "aws:region=eu-west-1"],
    ["--a-flag-of-tomorrow=7"],
  ])("may be %j %j %j", (...words) => {
    expect(checkExtra(words)).toEqual(words);
  });

  it.each([
    ["-s", "t001"],
    ["-st001"],
    ["-s=t001"],
    ["-ys", "t001"],
    ["-yst001"],
    ["-ys=t001"],
    ["-yrs", "t001"],
    ["--stack", "t001"],
    ["--stack=t001"],
    ["-C", "/elsewhere"],
    ["-yC/elsewhere"],
    ["--cwd=/elsewhere"],
    ["-c", "connector-deployer:tenant=t001"],
    ["-yc=connector-deployer:tenant=t001"],
    ["--config=connector-deployer:tenant=t001"],
    ["--remote-git-branch=main"],
  ])("does not name another stack: %j %j", (...words) => {
    refusals(...words);
  });

  it.each([
    ["-fj"],
    ["-d"],
    ["-fd"],
    ["-v=9"],
    ["-v9"],
    ["--show-secrets"],
    ["--show-secrets=true"],
    ["--logtostderr"],
  ])("does not write secrets into logs: %j", (...words) => {
    refusals(...words);
  });

  it.each([
    ["t001"],
    ["--refresh", "https://example.invalid/x"],
    ["--message", "a", "b"],
    ["--a-flag-of-tomorrow", "7"],
    ["--", "t001"],
    ["--diff", "--"],
    ["-"],
  ])("holds no word that belongs to no flag: %j %j", (...words) => {
    refusals(...words);
  });

  it("does not let a flag take ours for its value", () => {
    refusals("--message");
    refusals("-ym");
    refusals("--message", "--stack=t001");
  });

  it("holds no short flag that is not known", () => {
    refusals("-yZ");
  });
});
