package dev.graft.nemesis;

/** What befalls the worker of a running job. */
enum WorkerFault {
  WORKER_KILLED("worker of %s"),
  TRAINER_KILLED("trainer of %s"),

  /** Longer than its lease: it believes that the job is its own when it wakes. */
  WORKER_PAUSED("%s paused"),

  /** Longer than its lease: what it sent arrives when the job is another's. */
  NETWORK_CUT("network of %s cut");

  private final String said;

  WorkerFault(String said) {
    this.said = said;
  }

  String of(Cluster.Worker worker) {
    return said.formatted(worker.node().name());
  }

  /** Whether it lasts until another has the job; otherwise the worker is mended at once. */
  boolean lasts() {
    return this == WORKER_PAUSED || this == NETWORK_CUT;
  }

  void strike(Cluster.Worker worker) {
    switch (this) {
      case WORKER_KILLED -> worker.node().kill();
      case TRAINER_KILLED -> worker.node().trainers().forEach(ProcessHandle::destroyForcibly);
      case WORKER_PAUSED -> worker.node().pause();
      case NETWORK_CUT -> worker.link().cut();
    }
  }

  void mend(Cluster.Worker worker) {
    switch (this) {
      case WORKER_KILLED -> worker.node().start();
      case TRAINER_KILLED -> {}
      case WORKER_PAUSED -> worker.node().goOn();
      case NETWORK_CUT -> worker.link().mend();
    }
  }
}
