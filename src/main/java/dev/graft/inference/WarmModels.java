package dev.graft.inference;

import dev.graft.artifacts.Digest;
import dev.graft.inference.Inferrer.InferrerLost;
import dev.graft.platform.Children;
import dev.graft.spec.Quantization;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

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
  public Reply answer(
      String department, ServedModel model, InferrerOrder.Ask ask, Consumer<Reply.Piece> pieces)
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
            .orElseThrow(() -> new Inferrer.NoCapacity("all inference processes are busy", SOON));
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

  /**
   * One base model, as it is, rounded, or with weights of its own, and its process: one answer at a
   * time, in the order of asking.
   */
  static final class WarmModel {
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

    Reply ask(InferrerOrder.Ask ask, Consumer<Reply.Piece> pieces)
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

  /**
   * The parent's end of one inferrer. Used by one thread at a time.
   *
   * <p>One platform thread starts the process, reads its lines and lives as long as it does: {@code
   * PR_SET_PDEATHSIG} fires when the <em>thread</em> that started a child ends, so no pool thread
   * may do it.
   */
  static final class InferrerProcess implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(InferrerProcess.class);

    /** DJL asks nobody on the network, and tells nobody. */
    private static final Map<String, String> QUIET =
        Map.of("DJL_OFFLINE", "true", "OPT_OUT_TRACKING", "true");

    private final JsonMapper json = JsonMapper.builder().build();
    private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final CompletableFuture<Process> process = new CompletableFuture<>();

    /** What the reading thread tells. */
    private sealed interface Event {
      record Said(Reply reply) implements Event {}

      record Ended(int exitStatus) implements Event {}
    }

    private final Duration cancelTimeout;
    private boolean ready;
    private volatile boolean closed;

    /**
     * Starts the process; {@link #awaitReady} tells when its model is loaded.
     *
     * @param cancelTimeout a process that does not end a cancelled answer by then is ended
     */
    InferrerProcess(Children children, List<String> command, Duration cancelTimeout) {
      this.cancelTimeout = cancelTimeout;
      Thread.ofPlatform().daemon().name("inferrer").start(() -> run(children, command));
    }

    /**
     * Returns at once when the model is loaded already.
     *
     * @throws InferrerLost if the process ended, or was not ready in time and has been ended
     */
    void awaitReady(Duration timeout) throws InterruptedException, InferrerLost {
      if (ready) return;
      if (!(next(System.nanoTime() + timeout.toNanos()) instanceof Reply.Ready)) {
        throw lost("was not ready in " + timeout.toSeconds() + " s");
      }
      ready = true;
    }

    /**
     * Asks and listens until the last reply. A thread that is interrupted meanwhile has left: the
     * answer is cancelled.
     *
     * @throws InferrerLost if the process ended, or did not answer in time
     */
    Reply ask(InferrerOrder.Ask ask, Consumer<Reply.Piece> pieces, Duration timeout)
        throws InterruptedException, InferrerLost {
      tell(ask);
      long end = System.nanoTime() + timeout.toNanos();
      try {
        while (true) {
          switch (next(end)) {
            case Reply.Piece piece -> pieces.accept(piece);
            case null -> {
              cancel(ask.id());
              throw new InferrerLost("an answer took longer than " + timeout.toSeconds() + " s");
            }
            case Reply last -> {
              return last;
            }
          }
        }
      } catch (InterruptedException left) {
        cancel(ask.id());
        throw left;
      }
    }

    /** Waits for the last reply, so that no other ask takes it for its own. */
    private void cancel(long id) throws InterruptedException, InferrerLost {
      tell(new InferrerOrder.Cancel(id));
      long end = System.nanoTime() + cancelTimeout.toNanos();
      boolean ended = false;
      try {
        Reply last = next(end);
        while (last instanceof Reply.Piece) last = next(end);
        ended = last != null;
      } finally {
        if (!ended) close();
      }
    }

    private void tell(InferrerOrder order) throws InterruptedException, InferrerLost {
      try {
        OutputStream in = process.get().getOutputStream();
        String line = json.writerFor(InferrerOrder.class).writeValueAsString(order) + "\n";
        in.write(line.getBytes(StandardCharsets.UTF_8));
        in.flush();
      } catch (IOException | ExecutionException closed) {
        throw lost("took no request");
      }
    }

    /** Whether it can be asked: a process that is being ended cannot. */
    boolean alive() {
      return !closed && pid().isPresent();
    }

    /** Its process id while it lives. */
    Optional<Long> pid() {
      if (process.isCompletedExceptionally()) return Optional.empty();
      Process started = process.getNow(null);
      return started == null || !started.isAlive() ? Optional.empty() : Optional.of(started.pid());
    }

    @Override
    public void close() {
      closed = true;
      process.thenAccept(Process::destroyForcibly);
    }

    /** Null at the deadline. */
    private @Nullable Reply next(long end) throws InterruptedException, InferrerLost {
      Event event = events.poll(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
      return switch (event) {
        case null -> null;
        case Event.Said said -> said.reply();
        case Event.Ended ended -> throw lost("ended with status " + ended.exitStatus());
      };
    }

    private InferrerLost lost(String how) {
      close();
      return new InferrerLost("the inference process " + how);
    }

    private void run(Children children, List<String> command) {
      int status = -1;
      try {
        ProcessBuilder builder =
            children.of(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().putAll(QUIET);
        Process child = builder.start();
        process.complete(child);
        readLines(child);
        status = child.waitFor();
      } catch (IOException failed) {
        process.completeExceptionally(failed);
        log.atError().addKeyValue("cause", failed.getMessage()).log("inferrer_not_started");
      } catch (InterruptedException stopped) {
        Thread.currentThread().interrupt();
      }
      log.atInfo().addKeyValue("status", status).log("inferrer_ended");
      events.add(new Event.Ended(status));
    }

    private void readLines(Process child) {
      try (BufferedReader reader = child.inputReader(StandardCharsets.UTF_8)) {
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
          try {
            events.add(new Event.Said(json.readValue(line, Reply.class)));
          } catch (JacksonException notOurs) {
            log.atWarn().addKeyValue("chars", line.length()).log("inferrer_line_ignored");
          }
        }
      } catch (IOException closed) {
        // The end of the process says the rest.
      }
    }
  }
}
