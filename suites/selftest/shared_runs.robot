*** Settings ***
Documentation       `qa run` lets several processes of Robot share the suites. Each row runs small suites of `_child/`
...                 in separate runs, attached to the target.

Resource            ../../resources/gateway.resource
Library             keywords.run.child_matrix.ChildMatrixLibrary

Test Tags           req:SELF-035    kind:functional


*** Test Cases ***
Several processes give the matrix that one gives
    ${alone} =    Run Children    1    failing.robot    skips/skipping.robot    misleading.robot
    ${rows} =    Get Matrix Rows    ${alone}
    Get Number Of    rows of the matrix    ${rows}    ==    5
    ${shared} =    Run Children    2    failing.robot    skips/skipping.robot    misleading.robot
    Get Matrix Rows    ${shared}    ==    ${rows}
