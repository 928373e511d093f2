package dev.graft.inference;

import dev.graft.model.Classifiers;
import dev.graft.model.ComputePlan;
import dev.graft.model.Execution;
import dev.graft.model.Generator;
import dev.graft.model.Generators;
import dev.graft.spec.Precision;
import dev.graft.spec.Quantization;
import dev.graft.text.Tokenizer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The program of the warm child: loads one base model, says {@link Reply.Ready}, then answers each
 * {@link Ask} line with {@link Reply} lines until its input ends.
 *
 * <p>The calling thread owns the model; another reads the lines, so that a cancellation and the end
 * of the input, which ends the process, are seen in the middle of an answer too.
 */
final class InferrerProgram {
  private final JsonMapper json = JsonMapper.builder().build();
  private final LinkedBlockingQueue<Optional<Ask>> asks = new LinkedBlockingQueue<>();
  private final InputStream in;
  private final PrintStream out;
  private final Runnable onEndOfInput;

  /** The ask that nobody waits for any more. */
  private volatile long cancelled;

  /**
   * @param onEndOfInput called on the reading thread when the parent is gone; a process ends itself
   */
  InferrerProgram(InputStream in, OutputStream out, Runnable onEndOfInput) {
    this.in = in;
    this.out = new PrintStream(out, true, StandardCharsets.UTF_8);
    this.onEndOfInput = onEndOfInput;
  }

  /**
   * Serves the model of a directory until the input ends.
   *
   * @param classifies whether it labels texts; else it continues them
   * @param trained a checkpoint whose weights take the place of the directory's, or null
   * @param quantization that rounds the base's weights, or null
   */
  void serve(
      boolean classifies,
      Path baseModel,
      @Nullable Path trained,
      @Nullable Quantization quantization)
      throws InterruptedException {
    Execution here = Execution.cpu(Precision.F32, ComputePlan.KEEP);
    if (classifies) {
      serve(
          () ->
              new LabelHandler(
                  Tokenizer.load(baseModel),
                  Classifiers.load(baseModel, trained, quantization, here)));
    } else {
      serve(
          new ModelText(baseModel),
          base -> Generators.load(base, trained, quantization, here),
          baseModel);
    }
  }

  void serve(ChatText text, Function<Path, Generator> open, Path baseModel)
      throws InterruptedException {
    serve(() -> new AskHandler(text, open.apply(baseModel)));
  }

  private void serve(Supplier<LoadedModel> loading) throws InterruptedException {
    Thread.ofPlatform().daemon().name("inferrer-input").start(this::readLines);
    try (LoadedModel model = loading.get()) {
      say(new Reply.Ready());
      for (Optional<Ask> ask = asks.take(); ask.isPresent(); ask = asks.take()) {
        long id = ask.get().id();
        say(model.answer(ask.get(), this::say, () -> cancelled == id));
      }
    }
  }

  private void readLines() {
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        take(line);
      }
    } catch (IOException gone) {
      // A broken pipe is an end like any other.
    }
    asks.add(Optional.empty());
    onEndOfInput.run();
  }

  private void take(String line) {
    try {
      switch (json.readValue(line, InferrerOrder.class)) {
        case Ask ask -> asks.add(Optional.of(ask));
        case InferrerOrder.Cancel cancel -> cancelled = cancel.id();
      }
    } catch (JacksonException unreadable) {
      say(new Reply.Failed(0, "a line is not an order"));
    }
  }

  private synchronized void say(Reply reply) {
    out.println(json.writerFor(Reply.class).writeValueAsString(reply));
  }
}
