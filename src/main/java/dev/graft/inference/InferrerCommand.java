package dev.graft.inference;

import dev.graft.model.Classifiers;
import dev.graft.model.ComputePlan;
import dev.graft.model.Execution;
import dev.graft.model.Generator;
import dev.graft.model.Generators;
import dev.graft.spec.Precision;
import dev.graft.spec.Quantization;
import dev.graft.spec.Quantization.NamedQuantization;
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
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** The inference process that a server starts. Not for people. */
@Command(
    name = "inferrer",
    hidden = true,
    description = "Answer chats on one base model; JSON lines in and out.")
public final class InferrerCommand implements Callable<Integer> {
  @SuppressWarnings("NullAway.Init")
  @Option(names = "--model", required = true, description = "Directory of the base model.")
  private Path model;

  @Option(
      names = "--trained",
      description = "Directory of a checkpoint whose weights replace those of the model.")
  private @Nullable Path trained;

  @Option(names = "--classify", description = "Label texts instead of continuing them.")
  private boolean classifies;

  @Option(names = "--quantization", description = "Quantizes the model: ${COMPLETION-CANDIDATES}.")
  private @Nullable NamedQuantization quantization;

  @Override
  public Integer call() throws InterruptedException {
    PrintStream lines = System.out;
    // output of libraries must not mix with the lines
    System.setOut(System.err);
    new InferrerProgram(System.in, lines, () -> Runtime.getRuntime().halt(0))
        .serve(
            classifies, model, trained, quantization == null ? null : quantization.quantization());
    return 0;
  }

  /**
   * The program of the inference process: loads one base model, writes {@link Reply.Ready}, then
   * answers each {@link InferrerOrder.Ask} line with {@link Reply} lines until its input ends.
   *
   * <p>The calling thread owns the model. Another thread reads the lines, so that a cancellation
   * and the end of the input, which ends the process, take effect during an answer.
   */
  static final class InferrerProgram {
    private final JsonMapper json = JsonMapper.builder().build();
    private final LinkedBlockingQueue<Optional<InferrerOrder.Ask>> asks =
        new LinkedBlockingQueue<>();
    private final InputStream in;
    private final PrintStream out;
    private final Runnable onEndOfInput;

    /** The id of the cancelled ask. */
    private volatile long cancelled;

    /**
     * @param onEndOfInput called on the reading thread when the parent has ended
     */
    InferrerProgram(InputStream in, OutputStream out, Runnable onEndOfInput) {
      this.in = in;
      this.out = new PrintStream(out, true, StandardCharsets.UTF_8);
      this.onEndOfInput = onEndOfInput;
    }

    /**
     * Serves the model of a directory until the input ends.
     *
     * @param classifies whether to label texts instead of continuing them
     * @param trained a checkpoint whose weights replace those of the directory, or null
     * @param quantization of the base model's weights, or null
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
            new ChatText.ModelText(baseModel),
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
        write(new Reply.Ready());
        for (Optional<InferrerOrder.Ask> ask = asks.take(); ask.isPresent(); ask = asks.take()) {
          long id = ask.get().id();
          write(model.answer(ask.get(), this::write, () -> cancelled == id));
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
        // a broken pipe also ends the input
      }
      asks.add(Optional.empty());
      onEndOfInput.run();
    }

    private void take(String line) {
      try {
        switch (json.readValue(line, InferrerOrder.class)) {
          case InferrerOrder.Ask ask -> asks.add(Optional.of(ask));
          case InferrerOrder.Cancel cancel -> cancelled = cancel.id();
        }
      } catch (JacksonException unreadable) {
        write(new Reply.Failed(0, "a line is not a valid order"));
      }
    }

    private synchronized void write(Reply reply) {
      out.println(json.writerFor(Reply.class).writeValueAsString(reply));
    }
  }

  /** A model in memory. It answers one ask after another, on one platform thread. */
  interface LoadedModel extends AutoCloseable {
    /**
     * Answers an ask.
     *
     * @param pieces receives the pieces as they come
     * @param cancelled checked often; true ends the answer
     * @return the last reply
     */
    Reply answer(InferrerOrder.Ask ask, Consumer<Reply.Piece> pieces, BooleanSupplier cancelled);

    @Override
    void close();

    /** Returns the reply, or the failure as a reply. */
    static Reply reply(InferrerOrder.Ask ask, Supplier<Reply> making) {
      try {
        return making.get();
      } catch (PromptRefused refused) {
        return new Reply.Refused(
            ask.id(), refused.cause(), refused.param(), String.valueOf(refused.getMessage()));
      } catch (RuntimeException failed) {
        return new Reply.Failed(ask.id(), describe(failed));
      }
    }

    /**
     * Describes a failure for the log. Only messages of libtorch are included; others may quote
     * prompts.
     */
    private static String describe(RuntimeException failed) {
      String type = failed.getClass().getName();
      if (type.startsWith("ai.djl.")) return failed.toString();
      StackTraceElement[] trace = failed.getStackTrace();
      return trace.length == 0 ? type : type + " at " + trace[0];
    }
  }

  /** The model cannot be asked this; the caller can fix the request. */
  static final class PromptRefused extends RuntimeException {
    private final Reply.Cause cause;
    private final @Nullable String param;

    PromptRefused(Reply.Cause cause, @Nullable String param, String message) {
      super(message);
      this.cause = cause;
      this.param = param;
    }

    Reply.Cause cause() {
      return cause;
    }

    @Nullable String param() {
      return param;
    }
  }
}
