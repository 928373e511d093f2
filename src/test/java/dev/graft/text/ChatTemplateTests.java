package dev.graft.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Expected texts are those of Python's jinja2 with transformers' settings. */
class ChatTemplateTests {
  private static final List<Map<String, ?>> MESSAGES =
      List.of(
          Map.of("role", "user", "content", "  Hi there\n"),
          Map.of("role", "assistant", "content", "<think>hm</think>\n\nHello"),
          Map.of("role", "tool", "content", "{{ 1 + 1 }}"));

  @ParameterizedTest
  @CsvSource(
      delimiter = '→',
      quoteCharacter = '`',
      value = {
        "{{ messages[0].content.strip() + '.' }}→Hi there.",
        "{{ messages[1]['content'].split('</think>')[-1].lstrip('\\n') }}→Hello",
        "{{ messages[1].content.rstrip('lo').upper() }}→`<THINK>HM</THINK>\n\nHE`",
        "{{ 'y' if messages[1].content.startswith(('<a', '<think>')) else 'n' }}→y",
        "{% if messages[1].content.endswith('llo') and not false %}y{% endif %}→y",
        "{% for m in messages[1:] %}{{ m.role }},{% endfor %}→assistant,tool,",
        "{% for m in messages[:-1] %}{{ m.role }},{% endfor %}→user,assistant,",
        "{% for m in messages[::-1] %}{{ m.role }},{% endfor %}→tool,assistant,user,",
        "{% set ns = namespace(n=1, s='a') %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{%"
            + " endfor %}{{ ns.n }}{{ ns.s }}→4a",
        "{% set ns = namespace(n=messages|length - 1, s='a=b - c', m=messages[0].role ~ ('x' if"
            + " true else 'y')) %}{{ ns.n }}{{ ns.s }}{{ ns.m }}→2a=b - cuserx",
        "{% for m in messages %}{% if loop.previtem is defined and loop.previtem %}{{"
            + " loop.previtem.role }}{% endif %};{% endfor %}→;user;assistant;",
        "{% for m in messages %}{% if not loop.last %}{{ loop.nextitem.role }}{% endif %}{{"
            + " loop.index }}{{ loop.index0 }}{{ loop.revindex }};{% endfor"
            + " %}→assistant103;tool212;321;",
        "{{ {'a': 1, 'b': [true, none, 1.5, 'é<']} | tojson }}→{\"a\": 1, \"b\": [true, null, 1.5,"
            + " \"é<\"]}",
        "{{ strftime_now('%d %b %Y') }}→26 Jul 2024",
        "{{ 'x' if tools is defined else 'y' }}→y",
        "{{ 'x' if messages[0].nothing is not none and messages[0].nothing is defined else 'y'"
            + " }}→y",
        "{{ messages | length }}{{ messages|map(attribute='role')|join('-')"
            + " }}→3user-assistant-tool",
        "{{ (messages | selectattr('role', 'equalto', 'tool') | list)[0].content }}→{{ 1 + 1 }}",
        "{% macro f(a, b='z') %}<{{ a }}{{ b }}>{% endmacro %}{{ f('q') }}{{ f('q', 'r')"
            + " }}→<qz><qr>",
        "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}→a=1;b=2;",
        "{% for k, v in {'a': 1} | items %}{{ k }}={{ v }};{% endfor %}→a=1;",
        "{% for m in messages %}{% if m.role == 'assistant' %}{% continue %}{% endif %}{{ m.role"
            + " }}{% endfor %}→usertool",
        "{% for m in messages %}{% if m.role == 'assistant' %}{% break %}{% endif %}{{ m.role }}{%"
            + " endfor %}→user",
        "{% set x %}a{{ 1 + 1 }}b{% endset %}{{ x }}→a2b",
        "{{ messages[0].content | trim ~ '!' }}→Hi there!",
        "{{ 7 // 2 }}{{ 7 % 4 }}{{ 2 * 3 - 1 }}→335",
        "{% if 'a' in 'cat' and messages[0].role not in ['x'] %}y{% endif %}→y",
        "{% if messages is iterable and messages is not mapping and messages[0] is mapping %}y{%"
            + " endif %}→y",
        "{% if messages[0].content is string and none is none %}y{% endif %}→y",
        "{{ messages[0].get('content', 'd') | trim }}{{ messages[0].get('x', 'd') }}→Hi thered",
        "{{ 'a\\tb\"c' }}{{ \"it's\" }}→`a\tb\"cit's`",
        "{{ '{{ not read }}' }}→{{ not read }}",
        "{{ bos_token }}{{ undefined_thing }}x→<s>x",
        "{{ messages[2].content }}→{{ 1 + 1 }}",
        "{% set a = 'x' %}{% for m in messages %}{% set a = m.role %}{% endfor %}{{ a }}→x",
        "{{ 'a,b'.split(',') | join('+') }}{{ 'Ab'.lower() }}{{ 'x'.replace('x', 'yy') }}→a+babyy",
        "{{ (1, 2) | first }}{{ [1, 2] | last }}{{ 'ab'[0] }}{{ 'abc'[1:] }}→12abc",
        "{% if not tools %}n{% elif tools %}t{% else %}e{% endif %}→n",
        "{{ messages[0]['content'] | trim | replace('i', 'o') | upper }}→HO THERE",
      })
  void rendersAsJinja(String template, String expected) {
    assertThat(render(template)).isEqualTo(expected);
  }

  @Test
  void whatTheTemplateMarksIsTheAssistants() {
    var rendered =
        template("é{% generation %}ab{{ '😀' }}{% endgeneration %}c").render(MESSAGES, null, false);
    assertThat(rendered.text()).isEqualTo("éab😀c");
    assertThat(rendered.spans()).containsExactly(new int[] {1, 4});
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ messages.__class__ }}{{ ''.getClass().forName('java.lang.Runtime') }}",
        "{{ messages[0].content.getBytes() }}",
        "{{ raise_exception('no') }}",
        "{% for m in messages if m.role == 'user' %}{{ m.role }}{% endfor %}",
        "{% raw %}{{ x }}{% endraw %}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{{ messages | unknown_filter }}",
        "{{ unknown_function() }}",
        "{% unknown_tag %}",
        "{{ 1 +",
        "{% for m in messages %}{{ m }}",
        "{{ messages[0] is unknown_test }}",
        "{{ messages[0].content.encode() }}",
      })
  void whatItCannotRenderIsRefused(String template) {
    assertThatExceptionOfType(ChatTemplate.TemplateRejected.class)
        .isThrownBy(() -> render(template));
  }

  @Test
  void whatIsWrongIsSaidInTheWordsOfTemplates() {
    assertThatExceptionOfType(ChatTemplate.TemplateRejected.class)
        .isThrownBy(() -> render("{% if %}x{% endif %}"))
        .withMessage(
            "chat template, line 1: Syntax error in '{% if %}': Tag 'if' expects expression");
  }

  @Test
  void aRenderingLeavesNothingToTheNext() {
    ChatTemplate template =
        template(
            "{% if messages|length == 3 %}{% set seen = 'seen' %}"
                + "{% macro f() %}f{% endmacro %}{% endif %}{{ seen }}{{ f() }}");
    assertThat(template.render(MESSAGES, null, false).text()).isEqualTo("seenf");
    assertThatExceptionOfType(ChatTemplate.TemplateRejected.class)
        .isThrownBy(() -> template.render(MESSAGES.subList(0, 1), null, false));
    assertThat(template.render(MESSAGES, null, false).text()).isEqualTo("seenf");
  }

  @Test
  void threadsMayShareATemplate() {
    ChatTemplate template =
        template(
            "{% macro f(a) %}<{{ a }}>{% endmacro %}"
                + "{% for m in messages %}{% set last = m.content %}{{ f(last) }}{% endfor %}");
    List<String> rendered =
        IntStream.range(0, 2_000)
            .parallel()
            .mapToObj(i -> template.render(List.of(Map.of("content", "" + i)), null, false).text())
            .toList();
    assertThat(rendered).isEqualTo(IntStream.range(0, 2_000).mapToObj(i -> "<" + i + ">").toList());
  }

  private static String render(String template) {
    return template(template).render(MESSAGES, null, false).text();
  }

  private static ChatTemplate template(String text) {
    return new ChatTemplate(text, "<s>", "</s>", LocalDate.of(2024, 7, 26));
  }
}
