package dev.graft.inference;

import dev.graft.artifacts.Digest;
import dev.graft.inference.child.Ask;
import dev.graft.inference.child.Reply;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The base models in memory: at most {@code maxLoadedModels} processes, each with a bounded queue.
 * An idle one makes room for another base, and is unloaded after a while anyway.
 */
final class WarmModels implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(WarmModels.class);

  private final InferenceProperties settings;
  private final Function<Path, List<String>> commandLine;
  private final ScheduledExecutorService idleWatch =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("inferrer-idle").factory());
  private final Map<Digest, WarmModel> models = new HashMap<>();

  /**
   * @param commandLine how to start the inferrer of a model directory
   */
  WarmModels(InferenceProperties settings, Function<Path, List<String>> commandLine) {
    this.settings = settings;
    this.commandLine = commandLine;
    long period = Math.max(1, settings.idleUnload().toMillis() / 4);
    idleWatch.scheduleWithFixedDelay(this::unloadIdle, period, period, TimeUnit.MILLISECONDS);
  }

  /**
   * Answers on this base, starting its process where there is none. A thread that is interrupted
   * leaves the queue, or cancels its answer.
   *
   * @param directory the base model's files
   * @return the last reply
   * @throws NoCapacity if the queue is full, or all processes are busy with other bases
   */
  Reply ask(Digest base, Path directory, Ask ask, Consumer<Reply.Piece> pieces)
      throws InterruptedException, InferrerLost {
    WarmModel model = enter(base, directory);
    try {
      return model.ask(ask, pieces);
    } finally {
      leave(model);
    }
  }

  /** Chats on this base that are being answered or wait. */
  synchronized int users(Digest base) {
    WarmModel model = models.get(base);
    return model == null ? 0 : model.users;
  }

  /** Process ids of the children that live. */
  synchronized List<Long> processes() {
    return models.values().stream().flatMap(model -> model.pid().stream()).toList();
  }

  private synchronized WarmModel enter(Digest base, Path directory) {
    WarmModel model = models.get(base);
    if (model == null) {
      if (models.size() >= settings.maxLoadedModels()) makeRoom();
      model =
          new WarmModel(
              () -> new InferrerProcess(commandLine.apply(directory), settings.cancelTimeout()),
              settings);
      models.put(base, model);
      log.atInfo().addKeyValue("base", base).log("base_model_wanted");
    }
    if (model.users > settings.maxWaiting()) throw new NoCapacity("this model's queue is full");
    model.users++;
    return model;
  }

  private synchronized void leave(WarmModel model) {
    model.users--;
    model.lastUsed = System.nanoTime();
  }

  private synchronized void unloadIdle() {
    long now = System.nanoTime();
    models
        .entrySet()
        .removeIf(
            entry -> {
              WarmModel model = entry.getValue();
              if (model.users > 0 || now - model.lastUsed < settings.idleUnload().toNanos()) {
                return false;
              }
              model.unload();
              log.atInfo().addKeyValue("base", entry.getKey()).log("base_model_unloaded");
              return true;
            });
  }

  private void makeRoom() {
    Map.Entry<Digest, WarmModel> oldest =
        models.entrySet().stream()
            .filter(entry -> entry.getValue().users == 0)
            .max(Comparator.comparingLong(entry -> System.nanoTime() - entry.getValue().lastUsed))
            .orElseThrow(() -> new NoCapacity("all inference processes are busy"));
    oldest.getValue().unload();
    models.remove(oldest.getKey());
  }

  /** Ends every process; chats in progress lose their answers. */
  @Override
  public synchronized void close() {
    idleWatch.shutdownNow();
    models.values().forEach(WarmModel::unload);
    models.clear();
  }
}
