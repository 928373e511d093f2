package dev.graft.worker;

import dev.graft.training.RunRequest;
import dev.graft.training.TrainerDirective;
import dev.graft.training.TrainingEvent;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A trainer whose phases are spans. */
record TracedTrainer(Trainer trainer, RunTrace trace) implements Trainer {
  @Override
  public int follow(RunRequest request, Consumer<TrainingEvent> events)
      throws IOException, InterruptedException {
    int status = trainer.follow(request, event -> told(event, events));
    trace.ended(status);
    return status;
  }

  private void told(TrainingEvent event, Consumer<TrainingEvent> events) {
    trace.heard(event);
    events.accept(event);
  }

  @Override
  public void send(TrainerDirective directive) {
    trainer.send(directive);
  }

  @Override
  public void kill() {
    trainer.kill();
  }

  @Override
  public void leave() {
    trainer.leave();
  }

  @Override
  public void killAfter(Duration grace) {
    trainer.killAfter(grace);
  }

  @Override
  public boolean waits() {
    return trainer.waits();
  }

  @Override
  public void dumpThreads() {
    trainer.dumpThreads();
  }

  @Override
  public String name() {
    return trainer.name();
  }

  @Override
  public @Nullable ProcessHandle process() {
    return trainer.process();
  }

  @Override
  public void close() throws InterruptedException {
    trainer.close();
  }
}
