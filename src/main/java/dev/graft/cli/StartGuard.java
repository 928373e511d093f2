package dev.graft.cli;

/**
 * While a server starts, Ctrl-C ends the process at once: PostgreSQL is stopped, and what Spring
 * has made so far is not waited for. Nothing has been promised to anyone yet. Closed once the start
 * has succeeded or failed; from then on Spring's own orderly shutdown applies.
 */
final class StartGuard implements AutoCloseable {
  /** As a shell reports a process that SIGINT ended. */
  private static final int INTERRUPTED = 130;

  private volatile boolean starting = true;

  StartGuard(AutoCloseable database) {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(database), "stop-starting"));
  }

  private void end(AutoCloseable database) {
    if (!starting) {
      return;
    }
    try {
      database.close();
    } catch (Exception e) {
      System.err.println("graft: PostgreSQL could not be stopped: " + e.getMessage());
    }
    Runtime.getRuntime().halt(INTERRUPTED);
  }

  @Override
  public void close() {
    starting = false;
  }
}
