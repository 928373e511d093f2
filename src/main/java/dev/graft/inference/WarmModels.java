package dev.graft.inference;

import dev.graft.artifacts.Digest;
import dev.graft.platform.Children;
import dev.graft.spec.Quantization;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The base models in memory: at most {@code maxLoadedModels} processes, each with a bounded queue.
 * An idle one makes room for another base, and is unloaded after a while anyway.
 */
public final class WarmModels implements Inferrer, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(WarmModels.class);
  private static final Duration SOON = Duration.ofSeconds(2);

  private final InferenceProperties settings;
  private final LocalModels files;
  private final Function<Laid, List<String>> commandLine;
  private final Children children;
  private final ScheduledExecutorService watch =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("inferrer-idle").factory());
  private final Map<ServedModel.LoadedWeights, WarmModel> models = new HashMap<>();

  /**
   * Directories of what a process loads.
   *
   * @param trained has weights that take the place of the model's, or null
   * @param quantization that rounds the model, or null
   * @param classifies whether it labels texts
   */
  public record Laid(
      Path model,
      @Nullable Path trained,
      @Nullable Quantization quantization,
      boolean classifies) {}

  /**
   * @param files that {@code children} may read
   * @param commandLine how to start the inferrer of a model
   */
  public WarmModels(
      InferenceProperties settings,
      LocalModels files,
      Function<Laid, List<String>> commandLine,
      Children children) {
    this.settings = settings;
    this.files = files;
    this.commandLine = commandLine;
    this.children = children;
    long period = Math.max(1, settings.idleUnload().toMillis() / 4);
    watch.scheduleWithFixedDelay(this::tidy, period, period, TimeUnit.MILLISECONDS);
  }

  /** Starts the base's process where there is none. */
  @Override
  public Reply answer(String department, ServedModel model, Ask ask, Consumer<Reply.Piece> pieces)
      throws InterruptedException, InferrerLost, IOException {
    WarmModel warm = enter(model.weights(), department);
    long entered = System.nanoTime();
    try {
      Digest adapter = model.adapter();
      if (adapter == null) return warm.ask(ask, pieces);
      try (LocalModels.Held held = files.hold(adapter)) {
        return warm.ask(ask.wearing(held.path().toString()), pieces);
      }
    } finally {
      leave(warm, department, System.nanoTime() - entered);
    }
  }

  /** Chats on this base that are being answered or wait. */
  public synchronized int users(Digest base) {
    return models.entrySet().stream()
        .filter(entry -> entry.getKey().base().equals(base))
        .mapToInt(entry -> entry.getValue().slots.taken())
        .sum();
  }

  /** Process ids of the children that live. */
  public synchronized List<Long> processes() {
    return models.values().stream().flatMap(model -> model.pid().stream()).toList();
  }

  private synchronized WarmModel enter(ServedModel.LoadedWeights weights, String department) {
    WarmModel model = models.get(weights);
    if (model == null) {
      if (models.size() >= settings.maxLoadedModels()) makeRoom();
      model = new WarmModel(weights, files, this::start, settings);
      models.put(weights, model);
      log.atInfo().addKeyValue("base", weights.base()).log("base_model_wanted");
    }
    model.slots.take(department);
    return model;
  }

  private InferrerProcess start(Laid model) {
    return new InferrerProcess(children, commandLine.apply(model), settings.cancelTimeout());
  }

  private synchronized void leave(WarmModel model, String department, long nanos) {
    model.slots.leave(department, nanos);
  }

  private void tidy() {
    unloadIdle();
    files.prune();
  }

  private synchronized void unloadIdle() {
    models
        .entrySet()
        .removeIf(
            entry -> {
              WarmModel model = entry.getValue();
              if (model.slots.idle() < settings.idleUnload().toNanos()) return false;
              model.unload();
              log.atInfo().addKeyValue("base", entry.getKey().base()).log("base_model_unloaded");
              return true;
            });
  }

  private void makeRoom() {
    Map.Entry<ServedModel.LoadedWeights, WarmModel> oldest =
        models.entrySet().stream()
            .filter(entry -> entry.getValue().slots.taken() == 0)
            .max(Comparator.comparingLong(entry -> entry.getValue().slots.idle()))
            .orElseThrow(() -> new NoCapacity("all inference processes are busy", SOON));
    oldest.getValue().unload();
    models.remove(oldest.getKey());
  }

  /** {@link ServedModel.LoadedWeights#name Names} of the weights in memory. */
  public synchronized List<String> warm() {
    return models.keySet().stream().map(ServedModel.LoadedWeights::name).toList();
  }

  /** Ends every process; chats in progress lose their answers. */
  public synchronized void unload() {
    models.values().forEach(WarmModel::unload);
    models.clear();
  }

  @Override
  public void close() {
    watch.shutdownNow();
    unload();
  }
}
