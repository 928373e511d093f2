package dev.graft.text;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.text.RowConversion.RowFormat;
import dev.graft.text.RowReader.Problem;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RowConversionTests {
  private final List<Problem> problems = new ArrayList<>();

  private String made(RowConversion conversion, String rows) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] content = rows.replace('\'', '"').getBytes(UTF_8);
    conversion.write(new ByteArrayInputStream(content), out, problems);
    return out.toString(UTF_8).replace('"', '\'');
  }

  private String chat(RowFormat from, String rows) throws IOException {
    return made(RowConversion.toChat(from, false), rows);
  }

  private RowReader.Summary read(String rows) throws IOException {
    byte[] content = rows.replace('\'', '"').getBytes(UTF_8);
    return RowReader.read(new ByteArrayInputStream(content), example -> {});
  }

  @Test
  void shareGptsTurnsGetOpenAisRoles() throws IOException {
    assertThat(
            chat(
                RowFormat.SHAREGPT,
                "{'system':'s','conversations':[{'from':'human','value':'a'},"
                    + "{'from':'gpt','value':'b','weight':0},{'from':'observation','value':'c'},"
                    + "{'from':'gpt','value':'d'}],'tools':[{'type':'function'}]}\n"))
        .isEqualTo(
            "{'messages':[{'role':'system','content':'s'},{'role':'user','content':'a'},"
                + "{'role':'assistant','content':'b','weight':0},{'role':'tool','content':'c'},"
                + "{'role':'assistant','content':'d'}],'tools':[{'type':'function'}]}\n");
    assertThat(problems).isEmpty();
  }

  @Test
  void alpacasInputStandsOnTheLineAfterItsInstruction() throws IOException {
    assertThat(
            chat(
                RowFormat.ALPACA,
                "{'instruction':'Translate.','input':'house','output':'Haus','system':''}\n"
                    + "{'instruction':'Greet.','input':'','output':'Hi'}"))
        .isEqualTo(
            "{'messages':[{'role':'user','content':'Translate.\\nhouse'},"
                + "{'role':'assistant','content':'Haus'}]}\n"
                + "{'messages':[{'role':'user','content':'Greet.'},"
                + "{'role':'assistant','content':'Hi'}]}\n");
  }

  @Test
  void whatIsMadeIsRowsOnTheSameLinesWithoutTheByteOrderMark() throws IOException {
    String made =
        chat(
            RowFormat.QUESTION_ANSWER,
            "\uFEFF{'question':'1+1?','answer':'2'}\r\n\n{'question':'ü','answer':7}\n"
                + "{'question':'2+2?','answer':'4'}");
    assertThat(made.lines().map(line -> !line.isEmpty())).containsExactly(true, false, false, true);
    assertThat(problems).containsExactly(new Problem(3, "answer must be a string"));
    RowReader.Summary read = read(made);
    assertThat(read.problems()).isEmpty();
    assertThat(read.kind()).isEqualTo(Example.Kind.CHAT);
    assertThat(read.format()).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "SHAREGPT | {'id':'x','conversations':[]} | has an unknown key: id (set ignore_unknown_keys",
        "SHAREGPT | {'conversations':[]} | conversations must be a list of 1 to 1024",
        "SHAREGPT | {'conversations':[7]} | conversations[0] must be an object",
        "SHAREGPT | {'conversations':[{'from':'it','value':''}]} | conversations[0].from must be",
        "SHAREGPT | {'conversations':[{'from':'gpt','value':[]}]} | conversations[0].value must be",
        "SHAREGPT | {'conversations':[{'from':'gpt','value':'','x':1}]} | conversations[0] has an"
            + " unknown key: x",
        "ALPACA | {'instruction':'a'} | output must be a string",
        "QUESTION_ANSWER | {'question':'a','context':'b','answer':'c'} | has an unknown key:"
            + " context",
        "QUESTION_ANSWER | [1] | is not a JSON object",
        "QUESTION_ANSWER | {'question':'\\ud800','answer':''} | contains an unpaired surrogate",
        "QUESTION_ANSWER | {'question':'a','question':'b'} | is not a JSON object",
      })
  void aRowThatCannotBeMadeIsToldByItsLine(RowFormat from, String row, String message)
      throws IOException {
    assertThat(chat(from, "\n" + row)).isEqualTo("\n\n");
    assertThat(problems).hasSize(1);
    assertThat(problems.getFirst().line()).isEqualTo(2);
    assertThat(problems.getFirst().message()).startsWith(message);
  }

  @Test
  void unknownKeysAreLeftOutWhereThatIsAskedFor() throws IOException {
    RowConversion conversion = RowConversion.toChat(RowFormat.SHAREGPT, true);
    assertThat(
            made(
                conversion,
                "{'id':'x','conversations':[{'from':'gpt','value':'b','markdown':null}]}"))
        .isEqualTo("{'messages':[{'role':'assistant','content':'b'}]}\n");
    assertThat(problems).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'id':1,'text':'a','source':{}} | {'text':'a'}",
        "{'text':'a','label':0.5,'split':'x'} | {'text':'a','label':0.5}",
        "{'prompt':'a','completion':'b','id':1} | {'prompt':'a','completion':'b'}",
        "{'prompt':'a','chosen':'b','rejected':'c','id':1} |"
            + " {'prompt':'a','chosen':'b','rejected':'c'}",
        "{'instruction':'a','output':'b','text':'ab'} | {'instruction':'a','output':'b'}",
        "{'id':1,'conversations':[{'from':'human','value':'a','loss':0}]} |"
            + " {'conversations':[{'from':'human','value':'a'}]}",
        "{'id':1,'messages':[{'role':'assistant','content':'b','weight':0,'ts':7}],'tools':[]} |"
            + " {'messages':[{'role':'assistant','content':'b','weight':0}],'tools':[]}",
        "{'input':{'messages':[{'role':'user','content':'a','x':1}],'x':1},"
            + "'preferred_output':[{'role':'assistant','content':'b'}],"
            + "'non_preferred_output':[{'role':'assistant','content':'c'}],'id':1} |"
            + " {'input':{'messages':[{'role':'user','content':'a'}]},"
            + "'preferred_output':[{'role':'assistant','content':'b'}],"
            + "'non_preferred_output':[{'role':'assistant','content':'c'}]}",
      })
  void rowsWithoutUnknownKeysAreRows(String row, String kept) throws IOException {
    assertThat(read(row).problems().getFirst().message())
        .contains("has an unknown key", "ignore_unknown_keys");
    assertThat(made(RowConversion.withoutUnknownKeys(), row)).isEqualTo(kept + "\n");
    assertThat(problems).isEmpty();
    assertThat(read(kept).problems()).isEmpty();
  }

  @Test
  void aFileOfQuestionsAndAnswersIsToldOnceWithTheCure() throws IOException {
    String rows = "{'question':'a','answer':'b','id':1}\n".repeat(1000);
    RowReader.Summary read = read(rows);
    assertThat(read.format()).isEqualTo(RowFormat.QUESTION_ANSWER);
    assertThat(read.problems()).hasSize(1);
    assertThat(read.problems().getFirst().message())
        .contains("a question and its answer", "graft files convert");
    assertThat(read(made(RowConversion.withoutUnknownKeys(), rows)).problems()).hasSize(1);
  }

  @Test
  void textInAnotherEncodingIsToldOnce() throws IOException {
    byte[] rows = "{\"text\":\"Müller\"}\n".repeat(50).getBytes(ISO_8859_1);
    assertThat(RowReader.read(new ByteArrayInputStream(rows), example -> {}).problems())
        .containsExactly(new Problem(1, RowReader.NOT_UTF8));
    RowConversion.withoutUnknownKeys()
        .write(new ByteArrayInputStream(rows), new ByteArrayOutputStream(), problems);
    assertThat(problems).containsExactly(new Problem(1, RowReader.NOT_UTF8));
  }

  @Test
  void conversionStopsAtTheHundredthProblemAndPassesOverEndlessLines() throws IOException {
    assertThat(chat(RowFormat.ALPACA, "x\n".repeat(1000))).hasSize(RowReader.MAX_PROBLEMS - 1);
    problems.clear();
    chat(RowFormat.ALPACA, "[".repeat(RowReader.MAX_LINE + 1) + "\n" + "[".repeat(100_000));
    assertThat(problems).extracting(Problem::line).containsExactly(1L, 2L);
  }
}
