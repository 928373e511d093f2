package dev.graft.worker;

import dev.graft.jobs.lease.Lease;
import dev.graft.platform.FileTrees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where one run works; gone when it ends. The epoch in its name keeps runs of a job apart. */
record JobDirectory(Path root) implements AutoCloseable {
  static JobDirectory make(Path jobs, Lease lease) throws IOException {
    Path root = jobs.resolve(lease.key().jobId() + "-" + lease.key().epoch());
    FileTrees.delete(root);
    Files.createDirectories(root.resolve("checkpoints"));
    return new JobDirectory(root);
  }

  Path checkpoints() {
    return root.resolve("checkpoints");
  }

  Path base() {
    return root.resolve("base");
  }

  Path training() {
    return root.resolve("training.jsonl");
  }

  Path validation() {
    return root.resolve("validation.jsonl");
  }

  Path resumed() {
    return root.resolve("resume");
  }

  /** What training begins with. */
  Path start() {
    return root.resolve("start");
  }

  Path output() {
    return root.resolve("result");
  }

  Path errors() {
    return root.resolve("trainer.log");
  }

  @Override
  public void close() throws IOException {
    FileTrees.delete(root);
  }
}
