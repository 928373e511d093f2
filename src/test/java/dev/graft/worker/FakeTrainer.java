package dev.graft.worker;

import dev.graft.TestProgram;
import dev.graft.training.ProtocolLines;
import dev.graft.training.RunRequest;
import dev.graft.training.TrainerDirective;
import dev.graft.training.TrainerExit;
import dev.graft.training.TrainingEvent;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * A trainer that trains nothing but speaks the whole protocol, deterministically: the state after
 * step k is a hash of the state before, so that a resumed run ends in the same result only if it
 * resumed exactly.
 *
 * <p>It obeys these keys of the adapter object: {@code steps}, {@code step_ms}, {@code save_steps},
 * {@code exit_at} with {@code exit_status}, {@code memory_until} (runs out of memory in a later
 * step, unless it is to take the least), {@code device} (fails on any other), {@code hang_at}
 * (never returns from that step), and {@code link} (what a link in the result names).
 */
public final class FakeTrainer {
  private final RunRequest request;
  private final AtomicReference<TrainerDirective> directive = new AtomicReference<>();

  private FakeTrainer(RunRequest request) {
    this.request = request;
  }

  public static void main(String[] arguments) throws Exception {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    FakeTrainer trainer = new FakeTrainer(ProtocolLines.readRequest(in.readLine()));
    Thread.ofPlatform().daemon().start(() -> trainer.listen(in));
    System.exit(trainer.train().status());
  }

  /** Whether a process is one that lives. Class paths are longer than what its handle tells. */
  static boolean is(ProcessHandle process) {
    return TestProgram.runs(process, FakeTrainer.class.getName());
  }

  private void listen(BufferedReader in) {
    try {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        directive.set(ProtocolLines.readDirective(line));
      }
    } catch (IOException e) {
      // as the end of input
    }
    Runtime.getRuntime().halt(1);
  }

  private TrainerExit train() throws IOException {
    JsonNode plan = request.adapter();
    int steps = plan.path("steps").asInt(10);
    String device = request.machine().device();
    if (!plan.path("device").asString(device).equals(device)) return TrainerExit.BAD_INPUT;
    try (Stream<Path> base = Files.list(request.base().directory())) {
      if (base.findAny().isEmpty()) return TrainerExit.BAD_INPUT;
    }
    int step = 0;
    String state = seedState();
    Path resumed = request.directories().resumeFrom();
    if (resumed != null) {
      String[] saved = Files.readString(resumed.resolve("state.txt")).split(" ");
      step = Integer.parseInt(saved[0]);
      state = saved[1];
    }
    say(new TrainingEvent.Started(step, steps, 1, 8, 0, 0, 80, 40, 10, 4, null));
    while (step < steps) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(plan.path("step_ms").asInt(0)));
      state = hash(state);
      step++;
      while (step == plan.path("hang_at").asInt(-1)) LockSupport.park();
      double loss = 1.0 / step;
      say(
          new TrainingEvent.Progress(
              step,
              steps,
              1.0 * step / steps,
              loss,
              1,
              0.1,
              new TrainingEvent.StepTokens(80, 60, 40),
              100,
              step * 40L,
              0.5,
              Map.of()));
      if (step == plan.path("exit_at").asInt(-1) && request.directories().resumeFrom() == null) {
        System.exit(plan.path("exit_status").asInt());
      }
      boolean narrow = step == plan.path("memory_until").asInt(-1);
      if (narrow && !request.machine().least()) return TrainerExit.OUT_OF_MEMORY;
      int every = plan.path("save_steps").asInt(0);
      if (every > 0 && step % every == 0) save(step, state);
      TrainerDirective told = directive.getAndSet(null);
      if (told == null) continue;
      switch (told) {
        case CHECKPOINT -> save(step, state);
        case STOP_AFTER_CHECKPOINT -> {
          save(step, state);
          return TrainerExit.STOPPED_AFTER_CHECKPOINT;
        }
        case CANCEL -> {
          return TrainerExit.CANCELLED;
        }
      }
    }
    say(new TrainingEvent.Evaluated(step, 0.25, 0.75, Map.of()));
    Path output = Files.createDirectories(request.directories().output());
    Files.writeString(output.resolve("adapter_model.safetensors"), state);
    Files.writeString(output.resolve("adapter_config.json"), "{}");
    if (plan.has("link")) {
      Files.createSymbolicLink(output.resolve("linked"), Path.of(plan.path("link").asString()));
    }
    say(new TrainingEvent.Completed(output.toString(), step, step * 40L, 1.0 / step, 0.25));
    return TrainerExit.DONE;
  }

  private String seedState() throws IOException {
    return hash(request.seed() + Files.readString(request.data().trainingFile()));
  }

  private void save(int step, String state) throws IOException {
    Path directory =
        Files.createDirectories(request.directories().checkpoints().resolve("checkpoint-" + step));
    Files.writeString(directory.resolve("state.txt"), step + " " + state);
    say(new TrainingEvent.Checkpoint(step, directory.toString()));
  }

  private static void say(TrainingEvent event) {
    System.out.println(ProtocolLines.write(event));
  }

  /** The result that a run of these steps must have. */
  public static String result(long seed, String data, int steps) {
    String state = hash(seed + data);
    for (int i = 0; i < steps; i++) state = hash(state);
    return state;
  }

  private static String hash(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
