package dev.graft.worker;

/** What a worker shows its server. */
@FunctionalInterface
interface ShownCredential {
  /** The bearer token of the next call; empty before joining. */
  String shown();

  /** The server did not take it: whether there is another by now. */
  default boolean replaced(String refused) {
    return false;
  }

  /** The server says that another is needed soon. */
  default void renew(String due, WorkerHttp http) {}
}
