/**
 * - `invalid`: an argument or an option is wrong; the event was not recorded, the option not taken
 * - `dropped`: events were lost, as too many waited or the process ended
 * - `refused`: the exporter says that what was sent to it is wrong; the events it names are lost
 * - `unauthorized`: it asks for another token (events wait)
 * - `unreachable`: nobody answers (events wait)
 * - `unavailable`: it cannot do it at the moment (events wait)
 * - `unexpected`: it answers as no exporter would, so the address is probably another's (events wait)
 */
export type MonitoringErrorKind =
  | "invalid"
  | "dropped"
  | "refused"
  | "unauthorized"
  | "unreachable"
  | "unavailable"
  | "unexpected";

/** What onError is told. The message holds no token. */
export class MonitoringError extends Error {
  override readonly name = "MonitoringError";
  readonly kind: MonitoringErrorKind;

  constructor(kind: MonitoringErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
