package dev.graft.inference;

import dev.graft.artifacts.Digest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One base model, as it is, rounded, or with weights of its own, and its process: one answer at a
 * time, in the order of asking.
 */
final class WarmModel {
  private final ServedModel.LoadedWeights weights;
  private final LocalModels files;
  private final Function<WarmModels.Laid, InferrerProcess> starter;
  private final InferenceProperties settings;
  private final ReentrantLock turn = new ReentrantLock(true);

  /** Written under {@link #turn}; {@link #held} as well, until it is unloaded. */
  private volatile @Nullable InferrerProcess process;

  private volatile @Nullable HeldDirectories held;

  private volatile boolean unloaded;

  /** Directories in use while the process lives. */
  private record HeldDirectories(LocalModels.Held base, LocalModels.@Nullable Held trained) {
    WarmModels.Laid laid(ServedModel.LoadedWeights weights) {
      Path path = trained == null ? null : trained.path();
      return new WarmModels.Laid(base.path(), path, weights.quantization(), weights.classifies());
    }

    void close() {
      base.close();
      if (trained != null) trained.close();
    }
  }

  /** Guarded by {@link WarmModels}. */
  final ModelSlots slots;

  WarmModel(
      ServedModel.LoadedWeights weights,
      LocalModels files,
      Function<WarmModels.Laid, InferrerProcess> starter,
      InferenceProperties settings) {
    this.weights = weights;
    this.files = files;
    this.starter = starter;
    this.settings = settings;
    this.slots = new ModelSlots(settings.maxWaiting(), settings.maxPerDepartment());
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

  /** Ends the process for good; a chat in progress loses its answer, as do those that wait. */
  synchronized void unload() {
    unloaded = true;
    InferrerProcess ending = process;
    if (ending != null) ending.close();
    HeldDirectories directories = held;
    if (directories != null) directories.close();
    held = null;
  }

  Optional<Long> pid() {
    InferrerProcess running = process;
    return running == null ? Optional.empty() : running.pid();
  }

  private InferrerProcess ready() throws InterruptedException, InferrerLost, IOException {
    requireLoaded();
    InferrerProcess warm = process;
    if (warm == null || !warm.alive()) {
      HeldDirectories directories = held;
      if (directories == null) {
        directories = hold();
        held = directories;
      }
      warm = starter.apply(directories.laid(weights));
      process = warm;
      if (unloaded) unload(); // it may have come in between
      requireLoaded();
    }
    warm.awaitReady(settings.loadTimeout());
    return warm;
  }

  private void requireLoaded() throws InferrerLost {
    if (unloaded) throw new InferrerLost("the model has been unloaded");
  }

  private HeldDirectories hold() throws IOException {
    LocalModels.Held base = files.hold(weights.base());
    Digest trained = weights.trained();
    if (trained == null) return new HeldDirectories(base, null);
    try {
      return new HeldDirectories(base, files.hold(trained));
    } catch (IOException | RuntimeException failed) {
      base.close();
      throw failed;
    }
  }
}
