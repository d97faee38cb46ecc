# The course's Makefile, for GNU make. `make` builds every pair; `make help` lists the rest.
#
#   make test SANITIZE=address,undefined     with the sanitizers (or SANITIZE=thread)
#   make CXX=clang++ WERROR=1                another compiler; each warning is an error
#   make CXXFLAGS='-Og -g'                   for a debugger: with the variables' names
#   make V=1                                 shows the commands whole

# ---- How to compile and link ---------------------------------------------------------------------

# -g1 tells in which line a failure was. With all of -g it takes a quarter longer to compile.
CXXFLAGS  := -O2 -g1
FORTIFY   := $(if $(SANITIZE),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
HARDENING  = -fPIE -fstack-protector-strong $(FORTIFY)
WARNINGS  := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
             $(if $(WERROR),-Werror)
SANITIZER := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
               -fno-omit-frame-pointer)

COMPILE = $(CXX) -std=c++20 -I. -pthread $(CXXFLAGS) $(WARNINGS) $(HARDENING) $(SANITIZER)
LINK    = $(CXX) -pthread $(CXXFLAGS) $(SANITIZER) -pie -Wl,-z,relro,-z,now

# Tests are compiled often, and need not be fast. The standard headers that they share are read once.
build/tests/%: private CXXFLAGS := -O0 -g1
build/tests/%: private FORTIFY :=
build/tests/%.o: private COMPILE += -include build/tests/standard.hpp

# `make clean all` must do one after the other.
MAKEFLAGS += $(if $(filter clean,$(MAKECMDGOALS)),,--jobs=$(shell nproc))
Q := $(if $(V),,@)

# ---- What there is -------------------------------------------------------------------------------

LABS     := $(wildcard lab[1-9]_*) $(wildcard lab10_*)
NUMBERS  := $(foreach lab,$(LABS),$(patsubst lab%,%,$(firstword $(subst _, ,$(lab)))))
PROGRAMS := $(basename $(foreach lab,$(LABS),$(wildcard $(lab)/server.cpp $(lab)/client.cpp)))
SHARED   := $(patsubst %.cpp,build/%.o,$(wildcard shared/*.cpp))
UNITS    := $(patsubst %.cpp,build/%,$(filter-out %/main.cpp,$(wildcard tests/unit/*.cpp)))
GRADE    := $(patsubst %.cpp,build/%.o,$(wildcard tests/grade/*.cpp))
GRADER   := $(if $(GRADE),tests/grade/grade)
BENCHES  := $(patsubst tests/%.cpp,build/%,$(wildcard tests/bench/*.cpp))
FUZZERS  := $(patsubst tests/%.cpp,build/%,$(wildcard tests/fuzz/*.cpp))
SOURCES  := $(wildcard lab*_*/*.[ch]pp shared/*.[ch]pp tests/*/*.[ch]pp)

# What belongs to one lab: $(call programs_of,3)
programs_of = $(filter $(addsuffix /%,$(filter lab$(1)_%,$(LABS))),$(PROGRAMS))
units_of    = $(filter build/tests/unit/lab$(1) build/tests/unit/lab$(1)_%,$(UNITS))

# ---- Targets: `make help` prints the comments with two # -----------------------------------------

.DEFAULT_GOAL := all
.PHONY: all everything help demo diffs hosts test bench fuzz torture valgrind check-copies format
.PHONY: check-format figures tidy cppcheck grade grade-all test-grader clean FORCE
.PHONY: $(foreach n,$(NUMBERS),lab$n demo$n hosts$n test$n trace$n diff$n start$n grade$n watch$n)
# What somebody has typed, as one word for the shell, whatever is in it; in a path, ~/ is home.
quoted = '$(subst ','\'',$1)'
path = $(call quoted,$(subst <,,$(subst <~/,$(HOME)/,<$1)))

.SECONDEXPANSION:   # $$ in a prerequisite is seen when the target is known, so $$* is its number

## For students:
## make                  builds every server and client
all: $(PROGRAMS)

## make lab3             builds one pair, and says how to start it
$(NUMBERS:%=lab%): lab%: $$(call programs_of,$$*)
	@echo 'Start them in two terminals, the server first:'
	@printf '  cd %s && ./%s\n' $(subst /, ,$^)

## make demo, demo3      plays a conversation of each pair, or of one
demo: $(PROGRAMS)
	@tools/demo
$(NUMBERS:%=demo%): demo%: $$(call programs_of,$$*)
	@tools/demo $*

## make trace3           draws a conversation: what both call, and what crosses the wire between
##                       (INPUT=file is typed to the client; SUBMISSION=folder: your programs;
##                       WIDTH=120; ASCII=1)
TRACE_OPTIONS = $(if $(INPUT),--input $(call path,$(INPUT))) \
                $(if $(SUBMISSION),--submission $(call path,$(SUBMISSION))) \
                $(if $(WIDTH),--width $(call quoted,$(WIDTH))) $(if $(ASCII),--ascii)
$(NUMBERS:%=trace%): trace%: $$(if $$(SUBMISSION),,$$(call programs_of,$$*))
	@tools/trace $* $(TRACE_OPTIONS)

## make hosts, hosts3    runs all pairs, or one, between a local, a virtual and a remote machine
hosts: $(PROGRAMS)
	@tools/hosts
$(NUMBERS:%=hosts%): hosts%: $$(call programs_of,$$*)
	@tools/hosts $*

## make diff3            shows what lab 3 adds to lab 2
## make diffs            all of it in one page for a browser, build/diffs.html
$(NUMBERS:%=diff%): diff%:
	@tools/diff $*
diffs:
	@tools/diffs

## make start3 DIR=path  a place to begin lab 3: lab 2's programs, the assignment, a Makefile
$(NUMBERS:%=start%): start%:
	@tools/start $* "$$DIR"

## make grade3           grades a lab, or `make grade` all: SUBMISSION=folder, else the course's own
##                       (CHECK='server: *': those checks alone; OPTIONS=... see tests/README.md)
GRADE_OPTIONS = $(if $(SUBMISSION),--submission=$(call path,$(SUBMISSION))) \
                $(if $(CHECK),--check=$(call quoted,$(CHECK))) $(OPTIONS)
grade: $(GRADER) $(if $(SUBMISSION),,$(PROGRAMS))
	@tests/grade/grade $(GRADE_OPTIONS)
$(NUMBERS:%=grade%): grade%: $(GRADER) $$(if $$(SUBMISSION),,$$(call programs_of,$$*))
	@tests/grade/grade $(GRADE_OPTIONS) $*

## make watch3           grades SUBMISSION=folder again whenever a file of it is saved
$(NUMBERS:%=watch%): watch%: $(GRADER)
	@tools/watch $(call path,$(SUBMISSION)) tests/grade/grade $(GRADE_OPTIONS) $*

## For instructors:
## make grade-all        grades SUBMISSIONS=class/, a folder a student, into OUT=grades.csv
OUT = grades.csv
grade-all: $(GRADER)
	@tools/grade_all --out $(call path,$(OUT)) $(if $(OPTIONS),--options=$(call quoted,$(OPTIONS))) \
	  $(call path,$(SUBMISSIONS))

## make gradescope.zip   packs the grader for Gradescope (OPTIONS='3 4': those labs alone)
gradescope.zip: FORCE
	@tools/gradescope_zip $@ $(OPTIONS)

## For everybody:
## make test, test3      tests all, or one lab
test: everything
	@tools/run_tests $(UNITS) $(GRADER)
$(NUMBERS:%=test%): test%: $$(call programs_of,$$*) $$(call units_of,$$*) $(GRADER)
	@tools/run_tests --lab $* $(call units_of,$*) $(GRADER)

## make clean            removes all that was built
clean:
	rm -rf build $(PROGRAMS) $(GRADER)

## make help             prints this list
help:
	@sed -n 's/^## \(.*:\)$$/\n\1/p; s/^##\( make.*\|  .*\)/ \1/p' Makefile

## For maintainers:
## make everything       builds the tests and the benchmarks too
#
# The tests stand first: while their precompiled header is made, there are programs to compile.
everything: $(UNITS) $(GRADER) $(BENCHES) $(PROGRAMS)

## make bench            measures the labs beside bare loops and other servers, in three minutes
##                       (JSON=file and SVG=file get the figures as well)
bench: $(PROGRAMS) $(BENCHES)
	@tests/bench/bench.py $(if $(JSON),--json '$(JSON)') $(if $(SVG),--svg '$(SVG)')

## make test-grader      grades programs with one mistake each (WHAT=lab3: of one lab): is it found?
test-grader: $(GRADER)
	@tools/test_grader $(WHAT)

## make check-copies     compares what labs copy with where it comes from
check-copies:
	@tools/check_copies

## make figures          draws the READMEs' pictures, labN_*/ladder.svg, and counts what labs add
figures: $(PROGRAMS)
	@tools/trace --figures
	@tools/lines_added

## make format           lays out all C++; check-format only looks at it
format:
	@clang-format -i $(SOURCES)
check-format:
	@clang-format --dry-run -Werror $(SOURCES)

## make fuzz             feeds made-up bytes to all that reads foreign ones, under the sanitizers
##                       (SECONDS=60 for each target; TARGET=frames: that one alone)
SECONDS := 60
fuzz: $(if $(TARGET),build/fuzz/$(TARGET),$(FUZZERS))
	@tools/fuzz $(SECONDS) $^

## make torture          makes every system call of the servers' fail once, lets worse loose on
##                       them, and makes the checks that take minutes (WHAT='2 9': these labs
##                       alone; QUICK=1: each call fails once, and nothing that takes minutes)
torture: $(PROGRAMS) $(GRADER) build/torture/jumping_clock.so
	@tests/torture/torture $(if $(QUICK),--quick) $(WHAT)
	@$(if $(WHAT)$(QUICK),,tests/grade/grade --test-suite=slow)

## make valgrind         a conversation of each lab under valgrind (WHAT='2 9': these labs alone)
valgrind: $(PROGRAMS)
	@tests/torture/under_valgrind $(WHAT)

## make tidy, cppcheck   run clang-tidy, or cppcheck, over all C++ (tidy WHERE='lab3_%': there alone)
WHERE := %
tidy:
	@clang-tidy --version >/dev/null
	@printf '%s\n' $(filter %.cpp,$(filter $(WHERE),$(SOURCES))) | xargs -P $$(nproc) -I{} \
	  clang-tidy --quiet {} -- -std=c++20 -I. 2>/dev/null  # where it counts what it left out

# Left out: passedByValue, since clang-tidy looks for the same and sees what is moved from;
# returnStdMoveLocal, which takes what a function calls for a variable of its own;
# uninitDerivedMemberVar, which does not see that a base class is copied; and readdirCalled, since
# readdir_r() is what its manual page warns of.
cppcheck:
	@cppcheck --quiet --enable=warning,performance,portability --error-exitcode=1 --inline-suppr \
	  --suppress=passedByValue --suppress=returnStdMoveLocal --suppress=uninitDerivedMemberVar \
	  --suppress=readdirCalled --library=posix --std=c++20 --language=c++ -I. \
	  '-DREGISTER_EXCEPTION_TRANSLATOR(error)=static void translate(error)' \
	  -j $$(nproc) $(filter %.cpp,$(SOURCES))

# ---- How files come about ------------------------------------------------------------------------

$(PROGRAMS): %: build/%.o build/shared.a
	@echo "  link     $@"
	$(Q)$(LINK) -o $@ $^ $(LDLIBS)

$(UNITS): build/%: build/%.o build/tests/unit/main.o build/shared.a
	@echo "  link     $@"
	$(Q)$(LINK) -o $@ $^ $(LDLIBS)

tests/grade/grade: $(GRADE) build/shared.a
	@echo "  link     $@"
	$(Q)$(LINK) -o $@ $^ $(LDLIBS)

# Labs 7 to 9 hash passwords.
LIBCRYPTO = $(shell pkg-config --libs libcrypto)
$(foreach n,7 8 9,lab$n_% build/tests/unit/lab$n build/tests/unit/lab$n_%): LDLIBS = $(LIBCRYPTO)

# Compiled as the labs are, and not as tests are.
$(BENCHES): build/bench/%: build/bench/%.o build/shared.a
	@echo "  link     $@"
	$(Q)$(LINK) -o $@ $^ $(LIBCRYPTO)

build/bench/%.o: tests/bench/%.cpp build/flags
	@echo "  compile  $<"
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

# Only clang has libFuzzer. What is linked to it is watched as well, so compiled anew.
WATCHED = clang++ -std=c++20 -I. -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
$(FUZZERS): build/fuzz/%: build/fuzz/tests/fuzz/%.o $(patsubst build/%,build/fuzz/%,$(SHARED))
	@echo "  link     $@"
	$(Q)$(WATCHED) -o $@ $^ $(LIBCRYPTO)

build/fuzz/%.o: %.cpp
	@echo "  compile  $< for fuzzing"
	@mkdir -p $(@D)
	$(Q)$(WATCHED) $(WARNINGS) -MMD -MP -c -o $@ $<

# To be preloaded: no part of any program.
build/torture/%.so: tests/torture/%.cpp build/flags
	@echo "  link     $@"
	@mkdir -p $(@D)
	$(Q)$(CXX) -std=c++20 $(CXXFLAGS) $(WARNINGS) -shared -fPIC -o $@ $<

build/shared.a: $(SHARED)
	$(Q)rm -f $@ && ar rcs $@ $^

build/%.o: %.cpp build/flags
	@echo "  compile  $<"
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

$(UNITS:%=%.o) build/tests/unit/main.o $(GRADE): build/tests/standard.hpp.gch
build/tests/standard.hpp.gch: tests/standard.hpp build/flags
	@echo "  compile  $<"
	@mkdir -p $(@D)
	@echo '#include "$<"' >$(basename $@)
	$(Q)$(COMPILE) -x c++-header -o $@ $(basename $@)

# Rewritten only if the flags are not those of the last build: then all is built again.
build/flags: FORCE
	@mkdir -p build
	@echo '$(COMPILE) $(LINK)' | cmp -s - $@ || echo '$(COMPILE) $(LINK)' >$@

.SECONDARY:  # keep every object
-include $(wildcard build/*/*.d build/*/*/*.d build/fuzz/*/*/*.d)
