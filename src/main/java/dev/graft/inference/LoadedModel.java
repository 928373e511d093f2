package dev.graft.inference;

import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** A model in memory that is asked one thing after another. One platform thread. */
interface LoadedModel extends AutoCloseable {
  /**
   * @param pieces told as they come
   * @param cancelled asked again and again; then the answer ends
   * @return the last reply
   */
  Reply answer(Ask ask, Consumer<Reply.Piece> pieces, BooleanSupplier cancelled);

  @Override
  void close();

  /** What is made, or why it cannot be. */
  static Reply reply(Ask ask, Supplier<Reply> making) {
    try {
      return making.get();
    } catch (PromptRefused refused) {
      return new Reply.Refused(
          ask.id(), refused.cause(), refused.param(), String.valueOf(refused.getMessage()));
    } catch (RuntimeException failed) {
      return new Reply.Failed(ask.id(), told(failed));
    }
  }

  /** For the log, so without what may quote a prompt: of libtorch all, of others where it was. */
  private static String told(RuntimeException failed) {
    String type = failed.getClass().getName();
    if (type.startsWith("ai.djl.")) return failed.toString();
    StackTraceElement[] trace = failed.getStackTrace();
    return trace.length == 0 ? type : type + " at " + trace[0];
  }
}
