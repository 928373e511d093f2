package dev.graft.inference;

import dev.graft.artifacts.Digest;
import dev.graft.inference.child.Ask;
import dev.graft.inference.child.Reply;
import dev.graft.platform.Ids;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Service;

/** Makes answers: finds the model, lays its files out, asks its process. */
@Service
@Profile("server")
class Answers {
  private static final Logger log = LoggerFactory.getLogger(Answers.class);

  private final ServedModels models;
  private final ModelDirectories directories;
  private final WarmModels warm;
  private final InferenceProperties settings;
  private final Clock clock;
  private final Ids ids;
  private final AtomicLong asks = new AtomicLong();

  Answers(
      ServedModels models,
      ModelDirectories directories,
      WarmModels warm,
      InferenceProperties settings,
      Clock clock,
      Ids ids) {
    this.models = models;
    this.directories = directories;
    this.warm = warm;
    this.settings = settings;
    this.clock = clock;
    this.ids = ids;
  }

  /** Begins an answer; close it. */
  Answering begin(String departmentId, ChatRequest request) throws IOException {
    ServedModel model =
        models
            .named(departmentId, request.model())
            .orElseThrow(() -> ChatRefused.noSuchModel(request.model()));
    Answering.Head head =
        new Answering.Head(
            ids.next("chatcmpl-"),
            clock.instant().getEpochSecond(),
            model.name(),
            model.fingerprint());
    Ask ask = ask(model, request);
    return new Answering(head, pieces -> answer(departmentId, model, ask, pieces));
  }

  private Ask ask(ServedModel model, ChatRequest request) throws IOException {
    Digest adapter = model.adapter();
    Decoding decoding = request.decoding();
    return new Ask(
        asks.incrementAndGet(),
        adapter == null ? null : directories.of(adapter).toString(),
        request.messages(),
        decoding.maxTokens(),
        settings.defaultMaxTokens(),
        decoding.choices(),
        decoding.sampling(),
        decoding.stop(),
        decoding.topLogprobs());
  }

  private Reply.Done answer(
      String departmentId, ServedModel model, Ask ask, Consumer<Reply.Piece> pieces)
      throws InterruptedException {
    long started = System.nanoTime();
    Reply.Done done = done(model, reply(model, ask, pieces));
    log.atInfo()
        .addKeyValue("department", departmentId)
        .addKeyValue("model", model.name())
        .addKeyValue("prompt_tokens", done.promptTokens())
        .addKeyValue("completion_tokens", done.completionTokens())
        .addKeyValue("milliseconds", (System.nanoTime() - started) / 1_000_000)
        .log("chat_answered");
    return done;
  }

  private Reply reply(ServedModel model, Ask ask, Consumer<Reply.Piece> pieces)
      throws InterruptedException {
    try {
      Path base = directories.of(model.base());
      return warm.ask(model.base(), base, ask, pieces);
    } catch (NoCapacity full) {
      throw ChatRefused.noCapacity(full.why());
    } catch (InferrerLost | IOException lost) {
      log.atError()
          .addKeyValue("model", model.name())
          .addKeyValue("cause", lost.getMessage())
          .log("chat_lost");
      throw ChatRefused.unavailable();
    }
  }

  private static Reply.Done done(ServedModel model, Reply reply) {
    return switch (reply) {
      case Reply.Done done -> done;
      case Reply.Refused refused -> throw ChatRefused.byModel(refused);
      case Reply.Failed failed -> {
        log.atError()
            .addKeyValue("model", model.name())
            .addKeyValue("cause", failed.message())
            .log("chat_failed");
        throw ChatRefused.failed();
      }
      case Reply.Ready ready -> throw new IllegalStateException("ready, in answer to a chat");
      case Reply.Piece piece -> throw new IllegalStateException("a piece is not the last reply");
    };
  }
}
