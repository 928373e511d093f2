package dev.graft.worker;

import dev.graft.training.RunRequest;
import dev.graft.training.TrainerExit;
import dev.graft.training.TrainingEvent;
import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A checkpoint that an older run made while nobody followed it, as the one before its end by
 * patience. It is told and sent as if somebody had, and the new run goes on from it.
 */
final class LeftCheckpoint {
  private static final Logger log = LoggerFactory.getLogger(LeftCheckpoint.class);

  /** The newest step of which this worker has the files. */
  private int newest;

  private LeftCheckpoint(int committed) {
    newest = committed;
  }

  /**
   * The request, going on from what is left.
   *
   * @param ended runs before this one, the newest first
   * @param committed step of the newest checkpoint that the server has; 0 = none
   * @param events hears what the run that is gone on from has told
   */
  static RunRequest goOn(
      List<SharedRun> ended, RunRequest request, int committed, Consumer<TrainingEvent> events)
      throws IOException {
    for (SharedRun run : ended) {
      if (!stopped(run) || RunFiles.newestCheckpoint(run.checkpoints()) <= committed) continue;
      LeftCheckpoint left = new LeftCheckpoint(committed);
      new FollowedRun(run, request, event -> left.hand(event, events)).look();
      if (left.newest == committed) continue;
      log.atInfo()
          .addKeyValue("submission", run.id())
          .addKeyValue("step", left.newest)
          .log("left_checkpoint_used");
      return resuming(request, left.newest);
    }
    return request;
  }

  /** Not one that failed: what it ends with is told by the run that meets it again. */
  private static boolean stopped(SharedRun run) throws IOException {
    OptionalInt end = run.end();
    return run.exists()
        && (end.isEmpty()
            || end.getAsInt() == TrainerExit.STOPPED_AFTER_CHECKPOINT.status()
            || end.getAsInt() == RayTrainer.KILLED);
  }

  private static RunRequest resuming(RunRequest request, int step) {
    RunRequest.Directories ours = request.directories();
    return new RunRequest(
        request.adapter(),
        request.seed(),
        request.base(),
        request.data(),
        new RunRequest.Directories(
            ours.output(),
            ours.checkpoints(),
            RunFiles.checkpoint(ours.checkpoints(), step),
            ours.tokens()),
        request.parent(),
        request.machine());
  }

  private void hand(TrainingEvent event, Consumer<TrainingEvent> events) {
    if (event instanceof TrainingEvent.Checkpoint checkpoint) {
      newest = Math.max(newest, Math.toIntExact(checkpoint.step()));
    }
    events.accept(event);
  }
}
