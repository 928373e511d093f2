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
 * An idle process is replaced when another model is needed, and ends after a while.
 */
final class WarmModels implements Inferrer, AutoCloseable {
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
   * The directories that a process loads.
   *
   * @param trained has weights that replace those of the model, or null
   * @param quantization of the model, or null
   * @param classifies whether it labels texts
   */
  public record Laid(
      Path model,
      @Nullable Path trained,
      @Nullable Quantization quantization,
      boolean classifies) {}

  /**
   * @param files readable for {@code children}
   * @param commandLine returns the command that starts the process of a model
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

  /** Starts the process of the base model if there is none. */
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
        return warm.ask(ask.withAdapter(held.path().toString()), pieces);
      }
    } finally {
      leave(warm, department, System.nanoTime() - entered);
    }
  }

  /** Counts the chats on this base that wait or are being answered. */
  public synchronized int users(Digest base) {
    return models.entrySet().stream()
        .filter(entry -> entry.getKey().base().equals(base))
        .mapToInt(entry -> entry.getValue().slots.taken())
        .sum();
  }

  /** Returns the process ids of the running children. */
  public synchronized List<Long> processes() {
    return models.values().stream().flatMap(model -> model.pid().stream()).toList();
  }

  private synchronized WarmModel enter(ServedModel.LoadedWeights weights, String department) {
    WarmModel model = models.get(weights);
    if (model == null) {
      if (models.size() >= settings.maxLoadedModels()) makeRoom();
      model = new WarmModel(weights);
      models.put(weights, model);
      log.atInfo().addKeyValue("base", weights.base()).log("base_model_wanted");
    }
    model.slots.take(department);
    return model;
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

  /** Returns the {@link ServedModel.LoadedWeights#name names} of the weights in memory. */
  public synchronized List<String> warm() {
    return models.keySet().stream().map(ServedModel.LoadedWeights::name).toList();
  }

  /** Ends every process. Chats in progress fail. */
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
   * A base model, plain, quantized or with trained weights, and its process. It answers one request
   * at a time, in their order.
   */
  private final class WarmModel {
    private final ServedModel.LoadedWeights weights;
    private final ReentrantLock turn = new ReentrantLock(true);

    /** Written under {@link #turn}, as is {@link #held} until the model is unloaded. */
    private volatile @Nullable InferrerProcess process;

    private volatile @Nullable HeldDirectories held;

    private volatile boolean unloaded;

    /** Directories in use while the process lives. */
    private record HeldDirectories(LocalModels.Held base, LocalModels.@Nullable Held trained) {
      Laid laid(ServedModel.LoadedWeights weights) {
        Path path = trained == null ? null : trained.path();
        return new Laid(base.path(), path, weights.quantization(), weights.classifies());
      }

      void close() {
        base.close();
        if (trained != null) trained.close();
      }
    }

    /** Guarded by {@link WarmModels}. */
    final ModelSlots slots;

    WarmModel(ServedModel.LoadedWeights weights) {
      this.weights = weights;
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

    /** Ends the process for good. Chats in progress and waiting chats fail. */
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
        List<String> command = commandLine.apply(directories.laid(weights));
        warm = new InferrerProcess(children, command, settings.cancelTimeout());
        process = warm;
        if (unloaded) unload(); // by another thread in the meantime
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
   * The parent's side of one inference process. Used by one thread at a time.
   *
   * <p>One platform thread starts the process, reads its lines and lives as long as it: {@code
   * PR_SET_PDEATHSIG} fires when the <em>thread</em> that started a child ends, so a thread of a
   * pool must not start it.
   */
  static final class InferrerProcess implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(InferrerProcess.class);

    /** DJL must neither download nor send anything. */
    private static final Map<String, String> QUIET =
        Map.of("DJL_OFFLINE", "true", "OPT_OUT_TRACKING", "true");

    private final JsonMapper json = JsonMapper.builder().build();
    private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final CompletableFuture<Process> process = new CompletableFuture<>();

    /** Events from the reading thread. */
    private sealed interface Event {
      record Replied(Reply reply) implements Event {}

      record Ended(int exitStatus) implements Event {}
    }

    private final Duration cancelTimeout;
    private boolean ready;
    private volatile boolean closed;

    /**
     * Starts the process; {@link #awaitReady} waits for its model.
     *
     * @param cancelTimeout a process that takes longer to end a cancelled answer is killed
     */
    InferrerProcess(Children children, List<String> command, Duration cancelTimeout) {
      this.cancelTimeout = cancelTimeout;
      Thread.ofPlatform().daemon().name("inferrer").start(() -> run(children, command));
    }

    /**
     * Returns at once when the model is loaded already.
     *
     * @throws InferrerLost if the process ended, or was killed because it was not ready in time
     */
    void awaitReady(Duration timeout) throws InterruptedException, InferrerLost {
      if (ready) return;
      if (!(next(System.nanoTime() + timeout.toNanos()) instanceof Reply.Ready)) {
        throw lost("was not ready in " + timeout.toSeconds() + " s");
      }
      ready = true;
    }

    /**
     * Sends an ask and returns the last reply. Interrupting the thread cancels the answer.
     *
     * @throws InferrerLost if the process ended, or did not answer in time
     */
    Reply ask(InferrerOrder.Ask ask, Consumer<Reply.Piece> pieces, Duration timeout)
        throws InterruptedException, InferrerLost {
      send(ask);
      long end = System.nanoTime() + timeout.toNanos();
      try {
        while (true) {
          switch (next(end)) {
            case Reply.Piece piece -> pieces.accept(piece);
            case null -> {
              cancel(ask.id());
              throw new InferrerLost("the answer took longer than " + timeout.toSeconds() + " s");
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

    /** Cancels an ask and waits for its last reply, which must not reach the next ask. */
    private void cancel(long id) throws InterruptedException, InferrerLost {
      send(new InferrerOrder.Cancel(id));
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

    private void send(InferrerOrder order) throws InterruptedException, InferrerLost {
      try {
        OutputStream in = process.get().getOutputStream();
        String line = json.writerFor(InferrerOrder.class).writeValueAsString(order) + "\n";
        in.write(line.getBytes(StandardCharsets.UTF_8));
        in.flush();
      } catch (IOException | ExecutionException closed) {
        throw lost("did not accept the request");
      }
    }

    /** Returns whether it can be asked. A process that is being killed cannot. */
    boolean alive() {
      return !closed && pid().isPresent();
    }

    /** Returns the process id while the process runs. */
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

    /** Returns null at the deadline. */
    private @Nullable Reply next(long end) throws InterruptedException, InferrerLost {
      Event event = events.poll(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
      return switch (event) {
        case null -> null;
        case Event.Replied replied -> replied.reply();
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
            events.add(new Event.Replied(json.readValue(line, Reply.class)));
          } catch (JacksonException notOurs) {
            log.atWarn().addKeyValue("chars", line.length()).log("inferrer_line_ignored");
          }
        }
      } catch (IOException closed) {
        // the end of the process follows
      }
    }
  }
}
