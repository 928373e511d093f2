package dev.graft.worker;

import dev.graft.training.RunRequest;
import dev.graft.training.TrainerExit;
import dev.graft.training.TrainingEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;

/** What a run has told and made so far, as this worker takes it over. */
final class FollowedRun {
  private final SharedRun run;
  private final RunRequest.Directories ours;
  private final Consumer<TrainingEvent> events;
  private final EventTail tail;

  /**
   * @param request with the directories of this worker
   */
  FollowedRun(SharedRun run, RunRequest request, Consumer<TrainingEvent> events) {
    this.run = run;
    this.ours = request.directories();
    this.events = events;
    this.tail = new EventTail(run.events());
  }

  /** Hands over what is new; the exit status once the run has ended, its result taken. */
  OptionalInt look() throws IOException {
    OptionalInt end = run.end(); // before the events: none comes after it
    for (List<TrainingEvent> some = tail.next(); !some.isEmpty(); some = tail.next()) {
      for (TrainingEvent event : some) hand(event);
    }
    if (end.isPresent() && end.getAsInt() == TrainerExit.DONE.status()) {
      RunFiles.take(run.output(), ours.output());
    }
    return end;
  }

  private void hand(TrainingEvent event) throws IOException {
    if (!(event instanceof TrainingEvent.Checkpoint checkpoint)) {
      events.accept(event);
      return;
    }
    // By its name alone: it is where this run's are.
    int step = Math.toIntExact(checkpoint.step());
    Path from = RunFiles.checkpoint(run.checkpoints(), step);
    if (!Files.isDirectory(from)) return; // one that newer ones have replaced
    Path to = RunFiles.checkpoint(ours.checkpoints(), step);
    RunFiles.take(from, to);
    events.accept(new TrainingEvent.Checkpoint(checkpoint.step(), to.toString()));
  }
}
