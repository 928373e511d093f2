package dev.graft.inference;

import dev.graft.artifacts.Digest;
import dev.graft.inference.child.Ask;
import dev.graft.inference.child.Reply;
import dev.graft.platform.Ids;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Service;

/** Answers chats: finds the model, lays its files out, asks its process. */
@Service
@Profile("server")
class ChatService {
  private static final Logger log = LoggerFactory.getLogger(ChatService.class);

  private final ServedModels models;
  private final ModelDirectories directories;
  private final WarmModels warm;
  private final InferenceProperties settings;
  private final Clock clock;
  private final Ids ids;
  private final AtomicLong asks = new AtomicLong();

  ChatService(
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

  ChatCompletion complete(String departmentId, ChatRequest request) throws IOException {
    ServedModel model =
        models
            .named(departmentId, request.model())
            .orElseThrow(() -> ChatRefused.noSuchModel(request.model()));
    long started = System.nanoTime();
    Reply.Answer answer = answer(request, ask(model, request));
    log.atInfo()
        .addKeyValue("department", departmentId)
        .addKeyValue("model", model.name())
        .addKeyValue("prompt_tokens", answer.promptTokens())
        .addKeyValue("completion_tokens", answer.completionTokens())
        .addKeyValue("milliseconds", (System.nanoTime() - started) / 1_000_000)
        .log("chat_answered");
    int total = answer.promptTokens() + answer.completionTokens();
    return ChatCompletion.of(
        ids.next("chatcmpl-"),
        clock.instant().getEpochSecond(),
        model.name(),
        answer.text(),
        answer.stopped(),
        new ChatCompletion.Usage(answer.promptTokens(), answer.completionTokens(), total));
  }

  private Reply ask(ServedModel model, ChatRequest request) throws IOException {
    Digest adapter = model.adapter();
    Path base = directories.of(model.base());
    Ask ask =
        new Ask(
            asks.incrementAndGet(),
            adapter == null ? null : directories.of(adapter).toString(),
            request.messages(),
            request.maxTokens(),
            settings.defaultMaxTokens(),
            request.stop());
    try {
      return warm.ask(model.base(), base, ask);
    } catch (NoCapacity full) {
      throw ChatRefused.noCapacity(full.why());
    } catch (InferrerLost lost) {
      log.atError()
          .addKeyValue("model", model.name())
          .addKeyValue("cause", lost.getMessage())
          .log("chat_lost");
      throw ChatRefused.unavailable();
    } catch (InterruptedException stopping) {
      Thread.currentThread().interrupt();
      throw ChatRefused.unavailable();
    }
  }

  private static Reply.Answer answer(ChatRequest request, Reply reply) {
    return switch (reply) {
      case Reply.Answer answer -> answer;
      case Reply.Refused refused -> throw ChatRefused.byModel(refused);
      case Reply.Failed failed -> {
        log.atError()
            .addKeyValue("model", request.model())
            .addKeyValue("cause", failed.message())
            .log("chat_failed");
        throw ChatRefused.failed();
      }
      case Reply.Ready ready -> throw new IllegalStateException("ready, in answer to a chat");
    };
  }
}
