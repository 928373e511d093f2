package dev.graft.inference;

import dev.graft.inference.child.Ask;
import dev.graft.inference.child.Reply;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One base model and its process: one answer at a time, in the order of asking. */
final class WarmModel {
  private final Supplier<InferrerProcess> starter;
  private final InferenceProperties settings;
  private final ReentrantLock turn = new ReentrantLock(true);

  /** Written under {@link #turn}. */
  private volatile @Nullable InferrerProcess process;

  /** Chats being answered or waiting; guarded by {@link WarmModels}. */
  int users;

  /** By {@link System#nanoTime}; guarded by {@link WarmModels}. */
  long lastUsed = System.nanoTime();

  WarmModel(Supplier<InferrerProcess> starter, InferenceProperties settings) {
    this.starter = starter;
    this.settings = settings;
  }

  Reply ask(Ask ask, Consumer<Reply.Piece> pieces) throws InterruptedException, InferrerLost {
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
  }

  Optional<Long> pid() {
    InferrerProcess running = process;
    return running == null ? Optional.empty() : running.pid();
  }

  private InferrerProcess ready() throws InterruptedException, InferrerLost {
    InferrerProcess warm = process;
    if (warm == null || !warm.alive()) {
      warm = starter.get();
      process = warm;
    }
    warm.awaitReady(settings.loadTimeout());
    return warm;
  }
}
