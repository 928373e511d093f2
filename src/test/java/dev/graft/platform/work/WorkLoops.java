package dev.graft.platform.work;

import dev.graft.ExpectedLog;
import dev.graft.platform.LoopThreads;
import java.util.List;

/** The loops of leased work, for tests of the kinds of work. */
public final class WorkLoops {
  private WorkLoops() {}

  /** The log of an attempt that failed. */
  public static ExpectedLog expectFailure() {
    return ExpectedLog.of(WorkLoop.class, "work_failed");
  }

  public static LoopThreads of(LeasedWork work, WorkKind kind) {
    return WorkLoop.threads(work, List.of(kind));
  }
}
