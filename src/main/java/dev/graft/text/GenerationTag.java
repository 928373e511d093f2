package dev.graft.text;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.tag.Tag;
import com.hubspot.jinjava.tree.Node;
import com.hubspot.jinjava.tree.TagNode;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code {% generation %}}: what the assistant says. Its borders travel through the rendering as
 * two Unicode noncharacters, which no message may contain, and are taken out afterwards.
 */
final class GenerationTag implements Tag {
  private static final long serialVersionUID = 1;
  private static final char START = '\uFDD0';
  private static final char END = '\uFDD1';

  @Override
  public String getName() {
    return "generation";
  }

  @Override
  public String interpret(TagNode tag, JinjavaInterpreter interpreter) {
    StringBuilder out = new StringBuilder().append(START);
    for (Node child : tag.getChildren()) out.append(child.render(interpreter));
    return out.append(END).toString();
  }

  public static boolean containsMark(String text) {
    return text.indexOf(START) >= 0 || text.indexOf(END) >= 0;
  }

  static ChatTemplate.Rendered withoutMarks(String marked) {
    StringBuilder text = new StringBuilder(marked.length());
    List<int[]> spans = new ArrayList<>();
    int position = 0;
    int start = -1;
    for (int i = 0; i < marked.length(); ) {
      int codePoint = marked.codePointAt(i);
      i += Character.charCount(codePoint);
      if (codePoint == START) {
        start = position;
      } else if (codePoint == END) {
        if (position > start) spans.add(new int[] {start, position});
      } else {
        text.appendCodePoint(codePoint);
        position++;
      }
    }
    return new ChatTemplate.Rendered(text.toString(), List.copyOf(spans));
  }
}
