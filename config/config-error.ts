/** One thing wrong with config.ini: where it stands and what would be right. */
export interface ConfigProblem {
  file: string;
  line?: number | undefined;
  section?: string | undefined;
  key?: string | undefined;
  value?: string | undefined;
  /** What is allowed there, in the operator's language. */
  allowed: string;
}

/** config.ini was refused; `problems` holds every reason, the message one line each. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: ConfigProblem[];

  constructor(problems: ConfigProblem[], options?: ErrorOptions) {
    super(problems.map(describe).join("\n"), options);
    this.problems = problems;
  }
}

function describe({ file, line, section, key, value, allowed }: ConfigProblem): string {
  const where = line === undefined ? file : `${file}:${line}`;
  const what = [
    section === undefined ? "" : `[${section}]`,
    key ?? "",
    value === undefined ? "" : `= ${withoutPassword(value)}`,
  ];
  return `${[where, ...what.filter((part) => part !== "")].join(" ")}：${allowed}`;
}

/** The user and password of a URL are not repeated. */
function withoutPassword(value: string): string {
  return value.replace(/\/\/[^/@\s]*@/, "//***@");
}
