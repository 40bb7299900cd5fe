/*
 * Who owns addresses, and what policies and rules are called: for the summary.
 *
 * File, behind the classifier's tables: strings (arrays of starts and of bytes, each ended by a zero); then arrays:
 * by owner the string of its name, whether it is a pod, and its workload; by workload its string; by policy its string,
 * and where its rules begin; by declared rule its string; by rule of the classifier the declared rule; and by egress and
 * ingress, by owner, the policies that isolate it: where its list begins, where it ends, and the lists.
 */
static int32_t owner_count, workload_count, policy_count, declared_count, rule_count;
static int32_t *string_starts, *string_bytes;
static int32_t *owner_name, *owner_is_pod, *workload_of, *workload_name, *policy_name, *policy_rules, *declared_name, *declared_of;
static int32_t *isolation_start[2], *isolation_end[2], *isolation_list[2];

static const char *text(int32_t string) { return (const char *)string_bytes + string_starts[string]; }

static void read_names(FILE *file) {
  string_starts = read_array(file), string_bytes = read_array(file);
  owner_name = read_counted(file, &owner_count), owner_is_pod = read_array(file), workload_of = read_array(file);
  workload_name = read_counted(file, &workload_count);
  policy_name = read_counted(file, &policy_count), policy_rules = read_array(file);
  declared_name = read_counted(file, &declared_count);
  declared_of = read_counted(file, &rule_count);
  for (int i = 0; i < 2; i++)
    isolation_start[i] = read_array(file), isolation_end[i] = read_array(file), isolation_list[i] = read_array(file);
}
