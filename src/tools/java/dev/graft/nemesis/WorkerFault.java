package dev.graft.nemesis;

/** A fault of the worker of a running job. */
enum WorkerFault {
  WORKER_KILLED("worker of %s"),
  TRAINER_KILLED("trainer of %s"),

  /** Longer than its lease, so that it still believes in its lease when it resumes. */
  WORKER_PAUSED("%s paused"),

  /** Longer than its lease, so that its requests arrive after another worker has the job. */
  NETWORK_CUT("network of %s cut");

  private final String description;

  WorkerFault(String description) {
    this.description = description;
  }

  String of(Cluster.Worker worker) {
    return description.formatted(worker.node().name());
  }

  /**
   * Returns whether it lasts until another worker has the job; otherwise it is repaired at once.
   */
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
