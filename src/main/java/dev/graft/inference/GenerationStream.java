package dev.graft.inference;

import dev.graft.platform.ErrorEnvelope;
import dev.graft.platform.EventStream;
import dev.graft.platform.RequestFailed;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/** An answer as events, while it is made. */
final class GenerationStream {
  private static final Logger log = LoggerFactory.getLogger(GenerationStream.class);

  private final EventStream events;
  private final OngoingGeneration generation;
  private final CompletionFormat format;
  private final StreamOptions options;

  GenerationStream(
      EventStream events,
      OngoingGeneration generation,
      CompletionFormat format,
      StreamOptions options) {
    this.events = events;
    this.generation = generation;
    this.format = format;
    this.options = options;
  }

  /**
   * Returns when the answer has ended or the client is gone.
   *
   * @param choices to all prompts together
   * @throws RequestFailed before the first event
   */
  void relay(int choices) {
    Optional<Reply.Piece> first = generation.next();
    try {
      send(first, choices);
    } catch (IOException gone) {
      log.atInfo().addKeyValue("answer", generation.head().id()).log("chat_left");
    }
  }

  private void send(Optional<Reply.Piece> first, int choices) throws IOException {
    try {
      // All begin at once: OpenAI's Java client takes an answer for whole when every choice that it
      // has seen has ended.
      for (int i = 0; i < choices; i++) {
        Optional<Object> begin = format.begin(i);
        if (begin.isPresent()) send(begin.get());
      }
      for (Optional<Reply.Piece> next = first; next.isPresent(); next = generation.next()) {
        Reply.Piece piece = next.get();
        if (!piece.text().isEmpty() || !piece.scores().isEmpty()) send(format.text(piece));
        if (piece.end() != null) send(format.end(piece.choice(), piece.end()));
      }
      if (options.includeUsage()) {
        ObjectNode last = chunk(List.of());
        events.send(last.putPOJO("usage", CompletionUsage.of(generation.done())));
      }
      events.end();
    } catch (RequestFailed broken) {
      // The status is sent: SDKs raise an error of this event.
      events.send(ErrorEnvelope.of(broken));
    }
  }

  private void send(Object choice) throws IOException {
    ObjectNode chunk = chunk(List.of(choice));
    events.send(options.includeUsage() ? chunk.putNull("usage") : chunk);
  }

  private ObjectNode chunk(List<Object> choices) {
    return generation.head().frame(format.chunkObject()).putPOJO("choices", choices);
  }
}
