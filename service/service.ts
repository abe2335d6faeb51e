/** Something that runs until stopped. `stop` may be called more than once, and undoes `start` in reverse order. */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}
