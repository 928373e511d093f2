package dev.graft.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.AdapterMethod.TargetModules.FamilyDefault;
import dev.graft.spec.AdapterMethod.TargetModules.Names;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a request may say about methods that change modules of the base. */
class TargetedMethodTests {
  private static final TargetModules DEFAULT = new FamilyDefault();

  private static JsonNode json(String text) {
    return new JsonMapper().readTree(text.replace('\'', '"'));
  }

  private static AdapterMethod peft(String settings) {
    return AdapterMethods.fromPeft(json(settings));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'peft_type':'IA3'}",
        "{'peft_type':'IA3','target_modules':['q_proj','up_proj'],'feedforward_modules':['up_proj'],"
            + "'exclude_modules':['layers.0.q_proj'],'init_ia3_weights':false,"
            + "'modules_to_save':['lm_head']}",
        "{'peft_type':'IA3','target_modules':'all-linear','feedforward_modules':[]}",
        "{'peft_type':'IA3','target_modules':'.*v_proj','feedforward_modules':'.*down_proj'}",
        "{'peft_type':'LN_TUNING'}",
        "{'peft_type':'LN_TUNING','target_modules':['norm'],'exclude_modules':['model.norm'],"
            + "'modules_to_save':['lm_head']}",
        "{'peft_type':'ADALORA','total_step':100}",
        "{'peft_type':'ADALORA','init_r':6,'target_r':2,'tinit':3,'tfinal':5,'deltaT':2,"
            + "'total_step':20,'beta1':0.9,'beta2':0.8,'orth_reg_weight':0.1,'lora_alpha':16,"
            + "'lora_dropout':0.1,'init_lora_weights':false,'bias':'lora_only',"
            + "'target_modules':['q_proj'],'exclude_modules':['layers.0.q_proj'],"
            + "'layers_to_transform':[1],'modules_to_save':['lm_head']}",
        "{'peft_type':'VERA'}",
        "{'peft_type':'VERA','r':64,'vera_dropout':0.05,'d_initial':0.2,'init_weights':false,"
            + "'bias':'vera_only','projection_prng_key':7,'save_projection':false,"
            + "'target_modules':['q_proj'],'layers_to_transform':[0],'layers_pattern':['layers'],"
            + "'modules_to_save':['lm_head']}"
      })
  void theEchoResolvesToTheSameSpec(String settings) {
    TrainingSpec spec = TrainingSpec.resolve(json("{'peft':" + settings + "}"), null, null, null);
    assertThat(TrainingSpec.resolve(TrainingSpec.toJson(spec), null, null, null)).isEqualTo(spec);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'peft_type':'IA3','r':8} | r",
        "{'peft_type':'IA3','layers_to_transform':[0]} | layers_to_transform",
        "{'peft_type':'IA3','init_ia3_weights':1} | init_ia3_weights",
        "{'peft_type':'IA3','feedforward_modules':'all-linear'} | feedforward_modules",
        "{'peft_type':'IA3','target_modules':['q_proj'],'feedforward_modules':['up_proj']} |"
            + " feedforward_modules",
        "{'peft_type':'IA3','target_modules':[]} | target_modules",
        "{'peft_type':'IA3','modules_to_save':['a b']} | modules_to_save",
        "{'peft_type':'LN_TUNING','target_modules':'all-linear'} | target_modules",
        "{'peft_type':'LN_TUNING','feedforward_modules':['a']} | feedforward_modules",
        "{'peft_type':'ADALORA'} | total_step",
        "{'peft_type':'ADALORA','total_step':10,'tinit':8,'tfinal':2} | tinit",
        "{'peft_type':'ADALORA','total_step':10,'init_r':4,'target_r':5} | target_r",
        "{'peft_type':'ADALORA','total_step':10,'beta1':1} | beta1",
        "{'peft_type':'ADALORA','total_step':10,'use_dora':true} | use_dora",
        "{'peft_type':'ADALORA','total_step':10,'use_rslora':true} | use_rslora",
        "{'peft_type':'ADALORA','total_step':10,'alpha_pattern':{'q_proj':3}} | alpha_pattern",
        "{'peft_type':'ADALORA','total_step':10,'init_lora_weights':'gaussian'} |"
            + " init_lora_weights",
        "{'peft_type':'ADALORA','total_step':10,'loftq_config':{'loftq_bits':4}} | loftq_config",
        "{'peft_type':'ADALORA','total_step':10,'init_r':2,'rank_pattern':{'a.lora_E':[true]}} |"
            + " rank_pattern.a.lora_E",
        "{'peft_type':'VERA','r':0} | r",
        "{'peft_type':'VERA','lora_alpha':1} | lora_alpha",
        "{'peft_type':'VERA','bias':'lora_only'} | bias",
        "{'peft_type':'VERA','vera_dropout':1} | vera_dropout",
        "{'peft_type':'VERA','projection_prng_key':-1} | projection_prng_key",
        "{'peft_type':'VERA','exclude_modules':['q_proj']} | exclude_modules"
      })
  void refusesAtItsPath(String settings, String path) {
    SpecRejected rejected = catchThrowableOfType(SpecRejected.class, () -> peft(settings));
    assertThat(rejected.problems()).extracting(SpecRejected.Problem::path).containsExactly(path);
  }

  @Test
  void missingFieldsMeanPeftsDefaults() {
    assertThat(peft("{'peft_type':'IA3','fan_in_fan_out':true}"))
        .isEqualTo(new Ia3(new Targets(DEFAULT), DEFAULT, true, List.of()));
    assertThat(peft("{'peft_type':'LN_TUNING'}"))
        .isEqualTo(new LnTuning(new Targets(DEFAULT), List.of()));
    assertThat(peft("{'peft_type':'VERA','fan_in_fan_out':true}")).isEqualTo(Vera.DEFAULT);
    assertThat(Vera.DEFAULT.r()).isEqualTo(256);
    assertThat(Vera.DEFAULT.dInitial()).isEqualTo(0.1);
  }

  @Test
  void whatOnlyASavedAdaLoraSaysIsReadButNotAskedFor() {
    String saved =
        "'peft_type':'ADALORA','total_step':9,'init_r':2,'target_r':1,'r':4,"
            + "'rank_pattern':{'a.lora_E':[true,false]}";
    AdaLora method = (AdaLora) peft("{" + saved + "}");
    assertThat(method.rank("a")).isEqualTo(1);
    assertThat(method.rank("b")).isEqualTo(2);
    JsonNode asked = json("{'peft':{" + saved + "},'training':{'max_steps':8}}");
    SpecRejected rejected =
        catchThrowableOfType(
            SpecRejected.class, () -> TrainingSpec.resolve(asked, null, null, null));
    assertThat(rejected.problems())
        .extracting(SpecRejected.Problem::path)
        .containsExactly("adapter.peft.r", "adapter.peft.rank_pattern", "adapter.peft.total_step");
  }

  @Test
  void noFeedforwardModulesIsNotTheDefault() {
    assertThat(peft("{'peft_type':'IA3','feedforward_modules':[]}"))
        .isEqualTo(new Ia3(new Targets(DEFAULT), new Names(List.of()), true, List.of()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'peft_type':'IA3'} | 0.003",
        "{'peft_type':'LN_TUNING'} | 0.001",
        "{'peft_type':'VERA'} | 0.004"
      })
  void theRateIsOneThatTheMethodLearnsWith(String settings, double rate) {
    TrainingSpec spec = TrainingSpec.resolve(json("{'peft':" + settings + "}"), null, null, null);
    assertThat(spec.training().schedule().learningRate()).isEqualTo(rate);
  }
}
