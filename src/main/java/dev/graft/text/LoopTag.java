package dev.graft.text;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.tag.ForTag;
import com.hubspot.jinjava.tree.TagNode;
import com.hubspot.jinjava.util.ForLoop;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code for}, with {@code loop.previtem} and {@code loop.nextitem}. */
final class LoopTag extends ForTag {
  private static final long serialVersionUID = 1;
  private static final String ITEMS = "__items";

  @Override
  public String renderForCollection(
      TagNode tag, JinjavaInterpreter interpreter, List<String> variables, Object collection) {
    Object outer = interpreter.getContext().get(ITEMS);
    interpreter.getContext().put(ITEMS, collection);
    try {
      return super.renderForCollection(tag, interpreter, variables, collection);
    } finally {
      interpreter.getContext().put(ITEMS, outer);
    }
  }

  static @Nullable Object neighbour(ForLoop loop, int distance) {
    Object items = JinjavaInterpreter.getCurrent().getContext().get(ITEMS);
    if (!(items instanceof List<?> list) || list.size() != loop.getLength()) {
      throw new TemplateRejected("chat template: loop.previtem is not supported here");
    }
    int index = loop.getIndex0() + distance;
    return index >= 0 && index < list.size() ? list.get(index) : null;
  }
}
