*** Settings ***
Documentation       Each scorer marks as its official description says, also where others go wrong.

Resource            ../../resources/gateway.resource
Library             keywords.evaluation.scorers.ScorersLibrary

Test Tags           kind:functional    req:EVAL-003


*** Test Cases ***
Articles and punctuation do not count after SQuAD
    Get Mark By SQuAD Exact Match    The Beatles!    beatles    ==    correct
    Get Mark By SQuAD Exact Match    Oslo, Norway    Oslo    ==    wrong

Punctuation separates words after TriviaQA
    Get Mark By TriviaQA Exact Match    twenty-one    twenty one    ==    correct
    Get Mark By TriviaQA Exact Match    U.S.A.    USA    ==    wrong

Numbers are compared by value
    Get Mark By Flexible Number    She earns $29.00    29    ==    correct
    Get Mark By Flexible Number    between 10-15    15    ==    correct
    Get Mark By Flexible Number    3.5    35    ==    wrong

A number without its mark is a format failure, not a wrong answer
    Get Mark By Strict Number    The answer is 18.    18    ==    format failure

A letter that begins a word is no choice
    Get Mark By Choice Letter    Answer: because of the sky    B    4    ==    format failure
    Get Mark By Choice Letter    **Answer: C**    C    4    ==    correct

Words are counted as often as they stand there
    Get Token F1    Paris Paris Paris Paris    Paris    ==    0.4
