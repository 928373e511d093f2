package dev.graft.inference.child;

import dev.graft.training.Generator;
import dev.graft.training.generation.Generators;
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
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The program of the warm child: loads one base model, says {@link Reply.Ready}, then answers each
 * {@link Ask} line with one {@link Reply} line until its input ends.
 *
 * <p>The calling thread owns the model; another reads the lines, so that the end of the input is
 * seen, and the process ends, in the middle of an answer too.
 */
public final class InferrerProgram {
  private final JsonMapper json = JsonMapper.builder().build();
  private final LinkedBlockingQueue<Optional<String>> lines = new LinkedBlockingQueue<>();
  private final InputStream in;
  private final PrintStream out;
  private final Runnable onEndOfInput;

  /**
   * @param onEndOfInput called on the reading thread when the parent is gone; a process ends itself
   */
  public InferrerProgram(InputStream in, OutputStream out, Runnable onEndOfInput) {
    this.in = in;
    this.out = new PrintStream(out, true, StandardCharsets.UTF_8);
    this.onEndOfInput = onEndOfInput;
  }

  /** Serves the model of a directory until the input ends. */
  public void serve(Path baseModel) throws InterruptedException {
    serve(new ModelText(baseModel), base -> Generators.load(base, 0), baseModel);
  }

  void serve(ChatText text, Function<Path, Generator> open, Path baseModel)
      throws InterruptedException {
    Thread.ofPlatform().daemon().name("inferrer-input").start(this::readLines);
    try (Generator generator = open.apply(baseModel)) {
      Answerer answerer = new Answerer(text, generator);
      say(new Reply.Ready());
      for (Optional<String> line = lines.take(); line.isPresent(); line = lines.take()) {
        say(answer(answerer, line.get()));
      }
    }
  }

  private Reply answer(Answerer answerer, String line) {
    try {
      return answerer.answer(json.readValue(line, Ask.class));
    } catch (JacksonException unreadable) {
      return new Reply.Failed(0, "a line is not an ask");
    }
  }

  private void readLines() {
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        lines.add(Optional.of(line));
      }
    } catch (IOException gone) {
      // A broken pipe is an end like any other.
    }
    lines.add(Optional.empty());
    onEndOfInput.run();
  }

  private void say(Reply reply) {
    out.println(json.writerFor(Reply.class).writeValueAsString(reply));
  }
}
