package dev.graft.inference;

import dev.graft.artifacts.Digest;
import dev.graft.inference.child.Ask;
import dev.graft.inference.child.Reply;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One base model and its process: one answer at a time, in the order of asking. */
final class WarmModel {
  private final Digest base;
  private final ModelFiles files;
  private final Function<Path, InferrerProcess> starter;
  private final InferenceProperties settings;
  private final ReentrantLock turn = new ReentrantLock(true);

  /** Written under {@link #turn}, as is {@link #held}. */
  private volatile @Nullable InferrerProcess process;

  private volatile ModelFiles.@Nullable Held held;

  /** Guarded by {@link WarmModels}. */
  final Places places;

  WarmModel(
      Digest base,
      ModelFiles files,
      Function<Path, InferrerProcess> starter,
      InferenceProperties settings) {
    this.base = base;
    this.files = files;
    this.starter = starter;
    this.settings = settings;
    this.places = new Places(settings.maxWaiting(), settings.maxPerDepartment());
  }

  Reply ask(Ask ask, Consumer<Reply.Piece> pieces)
      throws InterruptedException, InferrerLost, IOException {
    turn.lockInterruptibly();
    try {
      return ready().ask(ask, pieces, settings.answerTimeout());
    } finally {
      turn.unlock();
    }
  }

  /** Ends the process; a chat in progress loses its answer. */
  void unload() {
    InferrerProcess ending = process;
    if (ending != null) ending.close();
    ModelFiles.Held directory = held;
    if (directory != null) directory.close();
  }

  Optional<Long> pid() {
    InferrerProcess running = process;
    return running == null ? Optional.empty() : running.pid();
  }

  private InferrerProcess ready() throws InterruptedException, InferrerLost, IOException {
    InferrerProcess warm = process;
    if (warm == null || !warm.alive()) {
      ModelFiles.Held directory = held;
      if (directory == null) directory = files.hold(base);
      held = directory;
      warm = starter.apply(directory.path());
      process = warm;
    }
    warm.awaitReady(settings.loadTimeout());
    return warm;
  }
}
